"""What the user says of clusters: which, as whom, and files that were exported from one."""

from __future__ import annotations

from typing import Annotated

import msgspec

from scanner.kit.addresses import is_encrypted

ALL = "*"


class KubernetesConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Without `url`, `in_cluster` or `files`: the current context of the kubeconfig."""

    contexts: tuple[str, ...] = ()
    """Contexts of the kubeconfig, a cluster each; `*`: all of them."""
    kubeconfig: str = ""
    """Path; empty: `KUBECONFIG` (several, as kubectl takes them), then `~/.kube/config`."""
    exec_plugins: bool = False
    """Run the programs that a kubeconfig names for credentials (`aws`, `gke-gcloud-auth-plugin`,
    `kubelogin`). Off: such a context is told as unreadable, since a file decides what is run."""
    in_cluster: bool = False
    """Read the cluster that the scanner runs in, by the service account of its pod."""
    url: str = ""
    """Address of one cluster's API server."""
    token_env: str = "KUBERNETES_TOKEN"  # noqa: S105 - the variable's name
    """Environment variable with the token for `url`."""
    ca_file: str = ""
    """Authorities of the API server at `url`; empty: the system's."""
    name: str = ""
    """What the cluster of `url`, `in_cluster` or `files` is called; of a context its own name."""
    files: tuple[str, ...] = ()
    """Files of one cluster as `kubectl get ... -A -o json` or `-o yaml` writes them, gz too."""
    custom_resources: bool = True
    """Ask which custom resources there are, and list those that are AI."""
    page_size: Annotated[int, msgspec.Meta(ge=1, le=5000)] = 500
    """Objects of one answer."""

    def __post_init__(self) -> None:
        if self.url and not is_encrypted(self.url):
            raise ValueError("`url` must be https:// and hold no user: a token is sent to it")
        if self.name and ("/" in self.name or not self.name.isprintable()):
            raise ValueError("`name` must be a name without a slash")

    @property
    def wants_contexts(self) -> bool:
        return bool(self.contexts or not (self.url or self.in_cluster or self.files))
