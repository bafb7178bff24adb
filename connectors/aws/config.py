"""What the user says of AWS: which accounts and regions, as whom, and how much at once."""

from __future__ import annotations

from typing import Annotated

import msgspec

from connectors.aws.activity.settings import ActivityConfig


class AwsConfig(ActivityConfig, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which accounts and regions, and as whom."""

    profile: str = ""
    """Named profile of the AWS configuration; empty: boto3's usual chain."""
    organization: bool = False
    """Read every active account of the organization (from its management or a delegated
    administrator account)."""
    accounts: tuple[str, ...] = ()
    """Account ids to read instead; with neither, the caller's own account."""
    profiles: tuple[str, ...] = ()
    """Named profiles of the AWS configuration, one an account (single sign-on, keys, roles): each
    is read as itself, besides ``accounts``."""
    role_name: str = ""
    """Role to assume in every account but the caller's own."""
    external_id: str = ""
    """External id that the role's trust policy asks for."""
    regions: tuple[str, ...] = ()
    """Regions to read; empty: all that are enabled in each account."""
    families: tuple[str, ...] = ()
    """Families of services to read (``bedrock``, ``sagemaker``, ``containers``); empty: all."""
    prune: bool = False
    """Leave out regions in which an account has paid for nothing (Cost Explorer, a cent a scan):
    coverage names each. What costs nothing is not seen there."""
    identities: bool = True
    """Read what roles and users may reach and who may call AI, from the account's own policies."""
    endpoint_url: str = ""
    """Send every call here (an emulator, a proxy of one's own)."""
    environment_tag_keys: tuple[str, ...] = ("environment", "env", "stage")
    """Tags that tell production from the rest, the first that is set wins."""
    secret_names: bool = True
    """Look at the names of secrets and parameters (never at values)."""
    read_values: bool = False
    """Read the values of secrets and parameters: for the detector alone, which keeps a keyed
    fingerprint."""
    read_user_data: bool = False
    """Read the start-up scripts of instances and launch templates, and list every instance."""
    function_images: bool = False
    """Ask which images functions run (`lambda:GetFunction`, whose answer holds an address of the
    code, too; it is not followed)."""
    function_versions: bool = False
    """Read the published versions of functions, too: old variables may still hold a key."""
    stack_templates: bool = False
    """Read the templates of CloudFormation stacks, a call for each of them. What they declare is
    shown as parts of the stack, beside the things themselves."""
    spending: bool = False
    """Ask Cost Explorer which accounts pay for AI, and where: two requests a scan, a cent each."""
    bucket_weights: Annotated[int, msgspec.Meta(ge=0, le=1000)] = 0
    """Look for weights of models among the names in every bucket: so many pages of a thousand names
    of each. 0: not at all; 20 is a sane bound."""
    parallel_calls: Annotated[int, msgspec.Meta(ge=1, le=256)] = 64
    """Calls on their way at once, over all accounts."""
    most_calls: Annotated[int, msgspec.Meta(ge=0)] = 0
    """Calls of one service in one account and region at most; what is left is told as a gap. 0: no
    bound."""
