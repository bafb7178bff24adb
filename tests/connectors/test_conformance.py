"""Every connector that is found proves the contract; a new one without a world fails here."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Set
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from connectors.aws import AwsConfig
from connectors.aws.types import TYPES
from connectors.azure import AzureConfig
from connectors.azure_devops import AzureDevOpsConfig
from connectors.bitbucket import BitbucketConfig
from connectors.code import CodeConfig
from connectors.entra.access import OPERATIONS as ENTRA_OPERATIONS
from connectors.gitea import GiteaConfig
from connectors.github import GitHubConfig
from connectors.gitlab import GitLabConfig
from connectors.google_workspace.access import ACTIVITIES, TOKENS
from connectors.logs import LogsConfig
from connectors.okta import OktaConfig
from scanner.collect import loader
from scanner.demo import cloud
from scanner.detect.engine import Detector
from scanner.kit import testing
from scanner.kit.contract import Context
from scanner.kit.forge.filters import Filters
from scanner.kit.forge.settings import GitSettings
from scanner.kit.limits import Limits
from scanner.kit.tables import Batch
from scanner.kit.testing import World
from scanner.rulebook.examples import expand
from tests import google_rig
from tests.aws_rig import Organization as OfAws
from tests.aws_rig import Rig, denied, serving
from tests.aws_rig.world import Asked
from tests.azure_rig import conforming
from tests.conftest import Repository
from tests.connectors.azure_devops.world import azure_devops
from tests.connectors.bitbucket import world as bitbucket
from tests.connectors.entra import estate as entra
from tests.connectors.entra.graph import TOKEN as ENTRA_TOKEN
from tests.connectors.entra.graph import Graph
from tests.connectors.entra.graph import serving as serving_graph
from tests.connectors.gcp import estate as google
from tests.connectors.gitea.world import OF_THE_INSTANCE as OF_A_GITEA
from tests.connectors.gitea.world import gitea
from tests.connectors.github.world import github, private_key
from tests.connectors.gitlab.world import gitlab
from tests.connectors.google_workspace import estate as workspace
from tests.connectors.google_workspace.workspace import TOKEN as WORKSPACE_TOKEN
from tests.connectors.google_workspace.workspace import Workspace
from tests.connectors.google_workspace.workspace import serving as serving_workspace
from tests.connectors.kubernetes import world as kubernetes
from tests.connectors.test_exported_flows import PACKAGED, ZAPS
from tests.forge_rig import seeded
from tests.forge_rig.api import Fault, Reply
from tests.saas_rig.cases import Case, all_cases
from tests.saas_rig.cases import world as saas_world

KEY = expand("sk-ant-api03-{b64url:93}AA", "conformance")


@contextmanager
def _code(folder: Path, detector: Detector) -> Iterator[World]:
    repository = Repository(folder / "repo")
    repository.write("app.py", f"import anthropic\nkey = '{KEY}'\n")
    repository.commit()

    def context() -> Context[Any]:
        return Context(
            config=CodeConfig(paths=(str(repository.root),)),
            examine=detector.examine,
            limits=Limits(),
        )

    yield World(loader.load("code"), context, secrets=(KEY,))


def _answer_batches(rig: Rig) -> None:
    """What is asked for many by name is told of each: names made up twice do not fit."""

    def told(batch: Batch, asked: Asked) -> dict[str, Any]:
        return {
            batch.items.removesuffix("[]"): [
                {batch.match: key} for key in asked.params.get(batch.arg, ())
            ]
        }

    for kind in TYPES:
        if kind.batch:
            rig.world.handle(kind.batch.op, partial(told, kind.batch))


@contextmanager
def _aws(folder: Path, detector: Detector) -> Iterator[World]:
    """An AWS made up from botocore's models."""
    rig = Rig(page_size=50, synthesize=1)
    OfAws.of(2, units=1, regions=(cloud.REGION,)).into(rig)
    lists = ("UserDetailList", "GroupDetailList", "RoleDetailList", "Policies")
    rig.world.handle("iam:GetAccountAuthorizationDetails", lambda asked: {key: [] for key in lists})
    _answer_batches(rig)
    with serving(rig) as url, pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
            patch.setenv(name, "testing")
        patch.setenv("AWS_CONFIG_FILE", "/dev/null")
        patch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")

        def context() -> Context[Any]:
            return Context(
                config=AwsConfig(
                    organization=True,
                    role_name=cloud.ROLE,
                    endpoint_url=url,
                    event_history=False,  # two calls a second: tests/connectors/aws/test_activity*
                ),
                examine=detector.examine,
                limits=Limits(),
                retries=1,
            )

        one_by_one = rig.strike("resourcegroupstaggingapi:GetResources", denied())

        @contextmanager
        def deny_all(operations: Set[str]) -> Iterator[None]:
            for operation in operations:
                rig.strike(operation, denied())
            yield
            rig.strikes[:] = [one_by_one]

        def asked() -> Set[str]:
            return {call.partition(" ")[0] for call in rig.calls}

        yield World(loader.load("aws"), context, deny_all=deny_all, asked=asked)


@contextmanager
def _logs(folder: Path, detector: Detector) -> Iterator[World]:
    lines = [f"1764324000.100 4 10.0.0.{n} TCP_TUNNEL/200 9 CONNECT api.openai.com:443 u{n} "
             "HIER_DIRECT/192.0.2.9 -\n" for n in range(9)]  # fmt: skip
    (folder / "proxy.log").write_text("".join(lines))
    (folder / "gateway.jsonl").write_text('{"host": "claude.ai", "user": "anna"}\n')

    def context() -> Context[Any]:
        return Context(
            config=LogsConfig(files=(str(folder),)),
            examine=detector.examine,
            make_watch=lambda: detector.watch,
            limits=Limits(),
        )

    yield World(loader.load("logs"), context)


OKTA_APPS = ("0oachatgpt0000000001", "0oaotter000000000004")
"""Of the recordings, those that speak OAuth."""


@contextmanager
def _okta(folder: Path, detector: Detector) -> Iterator[World]:
    recordings = Path(__file__).parent / "okta" / "recordings"
    with testing.recorded_server(recordings, authorization="SSWS made-up-token") as server:

        def context() -> Context[Any]:
            return Context(
                config=OktaConfig(org_url=server.url),
                examine=detector.examine,
                limits=Limits(),
                environ={"OKTA_API_TOKEN": "made-up-token"},
                retries=1,
            )

        @contextmanager
        def deny(operation: str) -> Iterator[None]:
            path = operation.partition(" ")[2]
            server.denied |= {path.replace("{app}", one) for one in OKTA_APPS}
            yield
            server.denied.clear()

        yield World(loader.load("okta"), context, deny, secrets=("made-up-token",))


@contextmanager
def _gcp(folder: Path, detector: Detector) -> Iterator[World]:
    rig = google_rig.Rig()
    ident = google.project(rig, 7, enabled=google.ENABLED_NAMES)
    google.endpoint(rig, ident, 7)
    google.everywhere(rig, ident, 7)
    # That others' agents are not shown is a gap for ever: it is looked at when it is denied. And of
    # what is denied the families alone are read, or this takes minutes.
    everything: dict[str, Any] = {"by": "organization", "own": False, "families": ()}
    asked = dict(everything)

    def context() -> Context[Any]:
        by: dict[str, Any] = {
            "organization": {"organizations": ("1",)},
            "search": {"organizations": ()},
            "project": {"organizations": (), "projects": (ident,)},
            "folder": {"folders": ("2",)},
        }[asked["by"]]
        told = {"personal_agents": asked["own"], "families": asked["families"], "activity": True,
                "metrics": True}  # fmt: skip
        return google.context(rig, **told, **by)

    @contextmanager
    def deny(operation: str) -> Iterator[None]:
        path = operation.partition(" ")[2].removeprefix("//").replace("-", "[-]")
        asked["by"] = {
            "/v3/projects:search": "search",
            "/v3/projects/{project}": "project",
            "/v3/folders/{folder}:getIamPolicy": "folder",
            "/v1/folders/{folders}/contacts": "folder",
        }.get(operation.partition("googleapis.com")[2], "organization")
        pattern = re.sub(r"\{[^}]*\}", "[^/]+", path).replace(
            ".googleapis", r"([.][^/]+)?[.]googleapis", 1
        )
        asked["own"] = pattern.endswith("locations/[^/]+/agents") and "aiplatform" in pattern
        asked["families"] = google.families_of(operation)
        refused = google_rig.Fault(403, "no", "PERMISSION_DENIED")
        rig.strike(f"(^|-){pattern}$", refused)
        yield
        rig.strikes.clear()
        asked.update(everything)

    with google_rig.serving(rig):
        yield World(loader.load("gcp"), context, deny)


@contextmanager
def _google_workspace(folder: Path, detector: Detector) -> Iterator[World]:
    with serving_workspace(workspace.planted(Workspace(page_size=50))) as made:

        @contextmanager
        def deny(operation: str) -> Iterator[None]:
            path = operation.partition(" ")[2]
            pattern = {TOKENS: "/tokens$", ACTIVITIES: "/activity/users/all/"}.get(
                path, "/users[?]"
            )
            made.strike(pattern, google_rig.Fault(403, "Not Authorized", "PERMISSION_DENIED"))
            yield
            made.faults.clear()

        yield World(
            loader.load("google_workspace"),
            lambda: workspace.context(made, since_days=28),  # each window is one to resume from
            deny,
            secrets=(WORKSPACE_TOKEN,),
        )


@contextmanager
def _entra(folder: Path, detector: Detector) -> Iterator[World]:
    with serving_graph(entra.planted(Graph(page_size=50))) as made:

        @contextmanager
        def deny(operation: str) -> Iterator[None]:
            path = re.escape(operation.partition(" ")[2])
            pattern = re.sub(r"\\{.*?\\}", "[^/]+", path)
            made.strike(f"^{pattern}([?]|$)", google_rig.Fault(403, "no", "Denied"))
            yield
            made.faults.clear()

        yield World(loader.load("entra"), lambda: entra.context(made), deny, secrets=(ENTRA_TOKEN,))
    assert not made.rejected, made.rejected
    called = {re.sub("[0-9a-f-]{36}", "{id}", path.partition("?")[0]) for path in made.paths}
    declared = {op.id.partition(" ")[2].replace("{period}", "D90") for op in ENTRA_OPERATIONS}
    assert called == declared


@contextmanager
def _gitlab(folder: Path, detector: Detector) -> Iterator[World]:
    with gitlab(folder) as made:
        asked = {"instance": False}

        def context() -> Context[Any]:
            groups = () if asked["instance"] else ("acme",)
            git = GitSettings(cache_folder=str(folder / "cache"), free_disk_gib=0)
            config = GitLabConfig(
                url=made.forge.url, groups=groups, instance=asked["instance"], git=git
            )
            return seeded.context(config, detector, {"GITLAB_TOKEN": seeded.TOKEN})

        @contextmanager
        def deny(operation: str) -> Iterator[None]:
            # One reading asks for what is a group's, another for what is the instance's; groups
            # below are listed when there is too much for one list.
            asked["instance"] = operation not in made.of_groups
            if operation.endswith("/subgroups"):
                many = Fault(r"/groups/acme/projects", reply=Reply({}, 405), times=1)
                made.forge.faults.append(many)
            made.forge.denied.add(operation)
            yield
            made.forge.denied.clear()
            made.forge.faults.clear()
            asked["instance"] = False

        secrets = (seeded.TOKEN, seeded.SETTING_KEY, seeded.CODE_KEY)
        yield World(loader.load("gitlab"), context, deny, secrets)


@contextmanager
def _github(folder: Path, detector: Detector) -> Iterator[World]:
    with github(folder) as made:
        (folder / "key.pem").write_text(private_key())
        asked = {"operation": ""}

        def context() -> Context[Any]:
            git = GitSettings(cache_folder=str(folder / "cache"), free_disk_gib=0)
            path = asked["operation"].partition(" ")[2]
            whose: dict[str, Any] = {"organizations": ("acme",)}
            if path.startswith("/enterprises/"):
                whose = {"enterprise": "megacorp"}
            elif path.startswith("/user"):
                whose = {"users": ("ada",), "own": True}
            elif path.startswith("/app/"):
                whose = {"app_id": "12", "app_key_file": str(folder / "key.pem")}
            config = GitHubConfig(url=made.git.url, api_url=made.forge.url, git=git, **whose)
            return seeded.context(config, detector, {"GITHUB_TOKEN": seeded.TOKEN})

        @contextmanager
        def deny(operation: str) -> Iterator[None]:
            asked["operation"] = operation
            made.forge.denied.add(operation)
            yield
            made.forge.denied.clear()
            asked["operation"] = ""

        secrets = (seeded.TOKEN, seeded.SETTING_KEY, seeded.CODE_KEY)
        yield World(loader.load("github"), context, deny, secrets)


@contextmanager
def _gitea(folder: Path, detector: Detector) -> Iterator[World]:
    with gitea(folder, all_readable=True) as made:
        asked = {"instance": False}

        def context() -> Context[Any]:
            organizations = () if asked["instance"] else ("acme",)
            git = GitSettings(cache_folder=str(folder / "cache"), free_disk_gib=0)
            config = GiteaConfig(
                url=made.forge.url, organizations=organizations, instance=asked["instance"], git=git
            )
            return seeded.context(config, detector, {"GITEA_TOKEN": seeded.TOKEN})

        @contextmanager
        def deny(operation: str) -> Iterator[None]:
            asked["instance"] = operation in OF_A_GITEA
            made.forge.denied.add(operation)
            yield
            made.forge.denied.clear()
            asked["instance"] = False

        secrets = (seeded.TOKEN, seeded.SETTING_KEY, seeded.CODE_KEY)
        yield World(loader.load("gitea"), context, deny, secrets)


@contextmanager
def _bitbucket(folder: Path, detector: Detector) -> Iterator[World]:
    with (
        bitbucket.cloud(folder / "cloud") as space,
        bitbucket.data_center(folder / "server", all_readable=True) as server,
    ):
        asked = {"server": False, "filters": Filters()}

        def context() -> Context[Any]:
            git = GitSettings(cache_folder=str(folder / "cache"), free_disk_gib=0)
            place: dict[str, Any] = {"workspaces": ("acme",), "api_url": space.forge.url}
            if asked["server"]:
                place = {"server_url": server.forge.url}
            config = BitbucketConfig(git=git, filters=asked["filters"], **place)
            return seeded.context(config, detector, {"BITBUCKET_TOKEN": seeded.TOKEN})

        @contextmanager
        def deny(operation: str) -> Iterator[None]:
            # Labels and commits are asked for by filters alone.
            asked["server"] = not operation.startswith("GET /2.0/")
            if operation.endswith(("/labels", "/commits")):
                asked["filters"] = Filters(topics=("ml",), pushed_since_days=9000)
            made = server if asked["server"] else space
            made.forge.denied.add(operation)
            yield
            made.forge.denied.clear()
            asked.update(server=False, filters=Filters())

        secrets = (seeded.TOKEN, seeded.SETTING_KEY, seeded.CODE_KEY)
        yield World(loader.load("bitbucket"), context, deny, secrets)


@contextmanager
def _azure_devops(folder: Path, detector: Detector) -> Iterator[World]:
    with azure_devops(folder) as made:
        asked = {"filters": Filters()}

        def context() -> Context[Any]:
            git = GitSettings(cache_folder=str(folder / "cache"), free_disk_gib=0)
            url = made.forge.url
            config = AzureDevOpsConfig(
                url=url, audit_url=url, organizations=("acme",), git=git, filters=asked["filters"]
            )
            return seeded.context(config, detector, {"AZURE_DEVOPS_TOKEN": seeded.TOKEN})

        @contextmanager
        def deny(operation: str) -> Iterator[None]:
            if operation.endswith("/pushes"):  # asked for by a filter alone
                asked["filters"] = Filters(pushed_since_days=9000)
            made.forge.denied.add(operation)
            yield
            made.forge.denied.clear()
            asked["filters"] = Filters()

        secrets = (seeded.TOKEN, seeded.SETTING_KEY, seeded.CODE_KEY)
        yield World(loader.load("azure_devops"), context, deny, secrets)


@contextmanager
def _azure(folder: Path, detector: Detector) -> Iterator[World]:
    """An Azure held to the descriptions of Microsoft's own clients."""
    with conforming.world() as (url, deny):

        def context() -> Context[Any]:
            return Context(
                config=AzureConfig(endpoint_url=url),
                examine=detector.examine,
                limits=Limits(),
                now=lambda: datetime(2026, 11, 28, tzinfo=UTC),
                retries=1,
            )

        yield World(loader.load("azure"), context, deny)


@contextmanager
def _kubernetes(folder: Path, detector: Detector) -> Iterator[World]:
    with kubernetes.conforming(detector) as made:
        yield made


def _exported(
    name: str, text: str
) -> Callable[[Path, Detector], AbstractContextManager[World]]:  # fmt: skip
    """Of a source that has no API: a file."""

    @contextmanager
    def made(folder: Path, detector: Detector) -> Iterator[World]:
        (folder / "export.json").write_text(text)
        connector = loader.load(name)

        def context() -> Context[Any]:
            config = connector.spec.config(organization="acme", files=("export.json",))
            return Context(
                config=config, examine=detector.examine, limits=Limits(), folder=folder
            )  # fmt: skip

        yield World(connector, context)

    return made


def _administered(case: Case) -> Callable[[Path, Detector], AbstractContextManager[World]]:
    return lambda folder, detector: saas_world(case)


WORLDS: dict[str, Callable[[Path, Detector], AbstractContextManager[World]]] = {
    **{name: _administered(case) for name, case in all_cases().items()},
    "aws": _aws,
    "azure": _azure,
    "azure_devops": _azure_devops,
    "bitbucket": _bitbucket,
    "code": _code,
    "github": _github,
    "gitea": _gitea,
    "gitlab": _gitlab,
    "kubernetes": _kubernetes,
    "logs": _logs,
    "okta": _okta,
    "entra": _entra,
    "gcp": _gcp,
    "google_workspace": _google_workspace,
    "powerplatform": _exported("powerplatform", json.dumps(PACKAGED)),
    "zapier": _exported("zapier", json.dumps(ZAPS)),
}


@pytest.fixture(scope="module", params=loader.names())
def world(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    detector: Detector,
) -> Iterator[World]:
    name = request.param
    assert name in WORLDS, f"connector {name}: give it a world here"
    with WORLDS[name](tmp_path_factory.mktemp(name), detector) as made:
        yield made


@pytest.fixture(scope="module")
def are_all_cheap() -> bool:
    """All in one process, instead of one process each."""
    try:
        testing.check_import(", ".join(f"connectors.{name}" for name in loader.names()))
    except AssertionError:
        return False
    return True


@pytest.mark.parametrize("name", loader.names())
def test_import_is_cheap(name: str, are_all_cheap: bool) -> None:
    if not are_all_cheap:  # then one by one, to say which it is
        testing.check_import(f"connectors.{name}")


def test_declaration(world: World) -> None:
    testing.check_declaration(world.connector)


def test_shards(world: World) -> None:
    testing.check_shards(world)


def test_items(world: World) -> None:
    assert testing.check_items(world)


def test_resume(world: World) -> None:
    testing.check_resume(world)


@pytest.mark.slow
def test_a_worker_elsewhere_reads_the_same(world: World) -> None:
    testing.check_elsewhere(world)


@pytest.mark.slow
def test_every_refusal_is_told(world: World) -> None:
    testing.check_denials(world)


class _Silent:
    """A connector that swallows what it may not read; the suite must see through it."""

    def __init__(self, inner: Any) -> None:
        self.spec = inner.spec
        self._inner = inner

    def shards(self, ctx: Any) -> Any:
        return self._inner.shards(ctx)

    def collect(self, ctx: Any, shard: Any, since: Any) -> Any:
        try:
            yield from self._inner.collect(ctx, shard, since)
        except Exception:  # what must never be done
            return


def test_the_suite_catches_a_connector_that_swallows_refusals(
    tmp_path: Path, detector: Detector
) -> None:
    with _okta(tmp_path, detector) as honest:
        silent = World(_Silent(honest.connector), honest.context, honest.deny)
        testing.check_denials(honest)
        with pytest.raises(AssertionError, match="nothing tells of it"):
            testing.check_denials(silent)
