"""Names of applications, as identity providers and logs have them, against the whole catalogue."""

from __future__ import annotations

import pytest

from scanner.detect.activity import Catalogue
from scanner.detect.app_names import AppNames
from scanner.kit.ai_words import said
from scanner.model.base import NodeId
from scanner.model.evidence import Confidence
from scanner.model.items import Activity
from scanner.rulebook.load import Rulebook

# Applications' names as administrators give them in Okta and Entra, by whose they are.
_KNOWN = {
    "sana": "Sana", "langdock": "Langdock", "together": "Together", "pinecone": "Pinecone",
    "superhuman": "Superhuman", "clay": "Clay", "factory_ai": "Factory", "adept": "Adept",
    "sourcegraph": "Sourcegraph", "taskade": "Taskade", "clickup_ai": "ClickUp Brain",
    "canva_ai": "Canva Magic Studio", "luma": "Luma", "krea": "Krea", "murf": "Murf",
    "scispace": "SciSpace", "chatpdf": "ChatPDF", "humata": "Humata", "hyperwrite": "Hyperwrite",
    "merlin_ai": "Merlin", "amazon_q": "Amazon CodeWhisperer", "antigravity": "Antigravity",
    "openai": "Sora", "google_gemini": "Veo, Flow, Whisk, AI Studio, Google Flow",
    "salesforce_einstein": "Einstein, Salesforce Einstein", "docusign_iris": "Docusign Iris",
    "ada_cx": "Ada", "forethought": "Forethought", "sierra_ai": "Sierra", "cresta": "Cresta",
    "typeface": "Typeface", "hippocratic": "Hippocratic", "abridge": "Abridge", "nabla": "Nabla",
    "suki": "Suki", "otter": "Otter AI Notes, Otter.ai Notetaker", "harness_ai": "Harness AI",
    "mem_ai": "Mem.ai", "monday_ai": "Monday AI, monday sidekick", "miro_ai": "Miro AI",
    "security_copilot": "Microsoft Security Copilot", "slack_ai": "Slack AI",
    "kore_ai": "Kore.ai", "observe_ai": "Observe.AI", "fyxer": "Fyxer AI", "plaud": "Plaud",
    "wispr": "Wispr Flow", "cluely": "Cluely", "limitless": "Limitless AI, Rewind AI",
    "harvey": "Harvey, Harvey AI", "legora": "Legora", "hebbia": "Hebbia",
    "cocounsel": "Thomson Reuters CoCounsel", "lexis_ai": "Lexis+ AI",
    "intercom_fin": "Intercom Fin, Fin AI Agent", "freshworks_freddy": "Freddy AI Copilot",
    "parloa": "Parloa", "cognigy": "Cognigy", "base44": "Base44", "figma_ai": "Figma Make",
    "julius": "Julius AI", "napkin": "Napkin AI", "gpt_for_work": "GPT for Sheets",
    "opusclip": "Opus Clip", "captions": "Captions AI", "invideo": "InVideo AI",
    "higgsfield": "Higgsfield AI", "hailuo": "Hailuo AI", "stability": "Stable Diffusion",
    "chatbase": "Chatbase", "customgpt": "CustomGPT.ai", "teamgpt": "Team-GPT",
    "crewai": "CrewAI", "airtable_ai": "Airtable Omni", "coda_ai": "Coda Brain",
    "notion_ai": "Notion Agent", "hubspot_breeze": "Breeze Copilot, ChatSpot",
    "zoho_zia": "Zoho Zia", "sap_joule": "SAP Joule", "workday_ai": "Workday Illuminate",
    "zoominfo_copilot": "ZoomInfo Copilot", "eightfold": "Eightfold AI",
    "databricks": "Databricks Genie", "snowflake_cortex": "Snowflake Intelligence",
    "openevidence": "OpenEvidence", "heidi": "Heidi Health", "magicschool": "MagicSchool AI",
    "qodo": "CodiumAI", "snyk_deepcode": "Snyk DeepCode AI", "uipath_autopilot": "UiPath Autopilot",
    "quick_suite": "Amazon Quick Suite", "github_spark": "GitHub Spark", "xai": "SuperGrok",
    "power_bi_copilot": "Power BI Copilot", "acrobat_ai": "Adobe Acrobat AI Assistant",
    "dragon_copilot": "DAX Copilot", "perplexity": "Perplexity Comet",
    "inflection": "Inflection Pi",
    "bolt": "StackBlitz Bolt", "character_ai": "Character AI", "retool_ai": "Retool AI",
    "workato_genie": "Workato Genie", "manus": "Manus AI", "skywork": "Skywork AI",
}  # fmt: skip
_ORDINARY = (
    "Together We Care HR|Together Travel|Factory Talk|Factory Reset Portal|Luma Events|"
    "Merlin ERP|Merlin Entertainments|Sora Sushi|Einstein Bros Bagels|Sana Hospitals|"
    "Krea Catering|Flow Traders|Suki Thai Orders|Abridge Legal|Typeface Foundry|"
    "Sierra Trading Post|Ada County|Opal Card|Pinecone Lodge|Clay Tennis Club|Stitch Fix|"
    "Whisk Recipes|Veo Robotics|Captions Portal|Artisan Bakery POS|Paradox Games|"
    "Harvey Norman|Riverside County|Limitless Parks|Fin Portal|Chronicle Security|"
    "Heidi Chocolates|Corti Sistemi|Attention Management|Lavender Farm|Magical Kingdom|"
    "Orchids Shop|Emergent BioSolutions|Rev Up Fitness|Motion Picture Licensing|"
    "Graphite Design|Durable Goods|Anything Store|Bolt Rides|Cody High School|Amp Energy|"
    "Workday|Salesforce|Zoom|Slack|Jira|Airtable|Notion|GitHub|Canva|Miro|monday.com|ClickUp|"
    "Docusign|Box|Dropbox|Figma|Framer|Webflow|Intercom|Smartsheet|Linear|Loom|Tableau|"
    "Power BI|Snyk|Retool|Workato|UiPath|HubSpot|Zendesk|Databricks|Snowflake|Coda|Wrike|"
    "Freepik"
)


@pytest.fixture(scope="module")
def names(rulebook: Rulebook) -> AppNames:
    return AppNames(rulebook)


@pytest.mark.parametrize(
    ("provider", "label"),
    [(known, name) for known, labels in _KNOWN.items() for name in labels.split(", ")],
)
def test_a_product_is_known_by_the_name_of_its_application(
    names: AppNames, provider: str, label: str
) -> None:
    found = names.whole(label) or names.alike(label)
    assert found is not None
    assert found[0] == provider


@pytest.mark.parametrize("label", _ORDINARY.split("|"))
def test_who_is_called_alike_is_quiet(names: AppNames, label: str) -> None:
    assert names.whole(label) is None
    assert names.alike(label) is None
    assert not said(label)


def test_a_word_as_a_name_counts_whole_and_with_low_confidence(
    rulebook: Rulebook, names: AppNames
) -> None:
    words = [
        (one.id, app.label)
        for one in rulebook.providers
        for app in one.oauth_apps
        if app.is_ordinary
    ]
    assert len(words) > 50
    for provider, label in words:
        assert names.whole(label) is None, label
        found = names.alike(label)
        assert found is not None, label
        assert (found[0], found[2]) == (provider, Confidence.LOW), label
        for around in (f"{label} Rentals", f"The {label} House"):
            if not said(label):
                told = names.alike(around)
                assert told is None or told[0] != provider, around


def test_a_domain_of_a_known_application_says_more_than_its_name(rulebook: Rulebook) -> None:
    signed_in = Activity(
        rule="x", account=NodeId("x:acme"), app_id=NodeId("x:app/1"), label="Notes",
        hosts=("app.plaud.ai",),
    )  # fmt: skip
    found = Catalogue(rulebook).identify(signed_in)
    assert found is not None
    assert (found[0], found[2]) == ("plaud", Confidence.HIGH)


@pytest.mark.parametrize(
    ("label", "provider"),
    [("Claude (Anthropic)", "anthropic"), ("Claude by Anthropic", "anthropic"),
     ("ChatGPT (OpenAI)", "openai"), ("Open AI", "openai"), ("Chat GPT", "openai"),
     ("Tabnine", "tabnine"), ("Rytr", "rytr"), ("Phind", "phind")],
)  # fmt: skip
def test_names_as_people_write_them_are_the_products(
    rulebook: Rulebook, label: str, provider: str
) -> None:
    found = AppNames(rulebook).whole(label)
    assert found is not None
    assert (found[0], found[2]) == (provider, Confidence.MEDIUM)
