"""Which services of AWS are AI, which of their events are use, and what their ARNs name: tables.

Event sources and names: the service authorization reference
(https://docs.aws.amazon.com/service-authorization/latest/reference/) and each service's page on
CloudTrail. Bedrock's runtime logs InvokeModel and Converse as management events, bedrock-mantle its
inference as data events (https://docs.aws.amazon.com/bedrock/latest/userguide/
logging-cloudtrail-mantle.html); data events, too, are those on agents, knowledge bases, flows,
bots, Q applications, AgentCore and Claude Platform on AWS (https://docs.aws.amazon.com/
awscloudtrail/latest/userguide/logging-data-events-with-cloudtrail.html). Of SageMaker's endpoints
only InvokeEndpointWithResponseStream is logged, as a data event.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from scanner.model.facts import AssetClass

_BEDROCK, _SAGEMAKER, _SERVICES, _Q = "aws_bedrock", "aws_sagemaker", "aws_ai_services", "amazon_q"
_ANTHROPIC = "anthropic"


class Service(NamedTuple):
    """``uses``: how the names of events begin that are use. ``provider``: the catalogue's id."""

    name: str
    provider: str
    uses: tuple[str, ...]


SERVICES: Mapping[str, Service] = {
    "bedrock.amazonaws.com": Service("Amazon Bedrock", _BEDROCK, (
        "Invoke", "Converse", "Retrieve", "ApplyGuardrail", "RenderPrompt", "StartAsyncInvoke",
        "StartFlowExecution", "CreateModelInvocationJob", "Rerank", "GenerateQuery",
        "OptimizePrompt", "CountTokens")),
    "bedrock-mantle.amazonaws.com": Service("Amazon Bedrock (mantle)", _BEDROCK, (
        "CreateInference", "CreateFineTuningJob", "CountTokens")),
    "bedrock-agentcore.amazonaws.com": Service("Amazon Bedrock AgentCore", _BEDROCK, (
        "Invoke", "StartBrowserSession", "StartCodeInterpreterSession", "RetrieveMemoryRecords",
        "CreateEvent", "GetResourceApiKey", "GetResourceOauth2Token")),
    "aws-external-anthropic.amazonaws.com": Service("Claude Platform on AWS", _ANTHROPIC, (
        "CreateInference", "CreateBatchInference", "CountTokens")),
    "sagemaker.amazonaws.com": Service("Amazon SageMaker", _SAGEMAKER, (
        "InvokeEndpoint", "CreatePresigned")),
    "qbusiness.amazonaws.com": Service("Amazon Q Business", _SERVICES, (
        "Chat", "SearchRelevantContent", "CreateAnonymousWebExperienceUrl")),
    "q.amazonaws.com": Service("Amazon Q Developer", _Q, (
        "SendMessage", "StartConversation", "GenerateCode", "StartTroubleshooting", "Chat")),
    "codewhisperer.amazonaws.com": Service("Amazon CodeWhisperer", _Q, (
        "Generate", "StartCodeAnalysis", "StartTransformation", "StartTaskAssist")),
    "wisdom.amazonaws.com": Service("Amazon Q in Connect", _SERVICES, (
        "QueryAssistant", "GetRecommendations", "SendMessage")),
    "lex.amazonaws.com": Service("Amazon Lex", _SERVICES, (
        "PostText", "PostContent", "Recognize", "StartConversation")),
    "kendra.amazonaws.com": Service("Amazon Kendra", _SERVICES, ("Query", "Retrieve")),
    "comprehend.amazonaws.com": Service("Amazon Comprehend", _SERVICES, (
        "Detect", "BatchDetect", "Classify", "Contains", "Start")),
    "comprehendmedical.amazonaws.com": Service("Amazon Comprehend Medical", _SERVICES, (
        "Detect", "Infer", "Start")),
    "rekognition.amazonaws.com": Service("Amazon Rekognition", _SERVICES, (
        "Detect", "Recognize", "Compare", "Search", "IndexFaces", "Start",
        "CreateFaceLivenessSession")),
    "textract.amazonaws.com": Service("Amazon Textract", _SERVICES, ("Analyze", "Detect", "Start")),
    "translate.amazonaws.com": Service("Amazon Translate", _SERVICES, ("Translate", "Start")),
    "transcribe.amazonaws.com": Service("Amazon Transcribe", _SERVICES, ("Start",)),
    "polly.amazonaws.com": Service("Amazon Polly", _SERVICES, ("Synthesize", "Start")),
    "personalize.amazonaws.com": Service("Amazon Personalize", _SERVICES, (
        "GetRecommendations", "GetPersonalizedRanking", "GetActionRecommendations")),
}  # fmt: skip

API_KEYS = "iam.amazonaws.com"
KEY_EVENT = "CreateServiceSpecificCredential"
"""Where keys are made, and by which event."""


class Kind(NamedTuple):
    kind: str
    asset_class: AssetClass
    provider: str
    is_ai: bool = True


_C = AssetClass
KINDS: Mapping[tuple[str, str], Kind] = {
    ("bedrock", "agent"): Kind("aws.bedrock_agent", _C.AGENT, _BEDROCK),
    ("bedrock", "flow"): Kind("aws.bedrock_flow", _C.FLOW, _BEDROCK),
    ("bedrock", "knowledge-base"):
        Kind("aws.bedrock_knowledge_base", _C.KNOWLEDGE_BASE, _BEDROCK),
    ("bedrock", "custom-model"): Kind("aws.bedrock_custom_model", _C.MODEL, _BEDROCK),
    ("bedrock", "imported-model"): Kind("aws.bedrock_imported_model", _C.MODEL, _BEDROCK),
    ("bedrock", "provisioned-model"):
        Kind("aws.bedrock_provisioned_model", _C.MODEL_ENDPOINT, _BEDROCK),
    ("bedrock", "custom-model-deployment"):
        Kind("aws.bedrock_custom_model_deployment", _C.MODEL_ENDPOINT, _BEDROCK),
    ("bedrock", "inference-profile"):
        Kind("aws.bedrock_inference_profile", _C.MODEL_ENDPOINT, _BEDROCK),
    ("bedrock", "application-inference-profile"):
        Kind("aws.bedrock_inference_profile", _C.MODEL_ENDPOINT, _BEDROCK),
    ("bedrock", "prompt-router"): Kind("aws.bedrock_prompt_router", _C.MODEL_ENDPOINT, _BEDROCK),
    ("bedrock", "default-prompt-router"):
        Kind("aws.bedrock_prompt_router", _C.MODEL_ENDPOINT, _BEDROCK),
    ("bedrock", "model-customization-job"):
        Kind("aws.bedrock_customization_job", _C.WORKLOAD, _BEDROCK),
    ("bedrock", "guardrail"): Kind("aws.bedrock_guardrail", _C.OTHER, _BEDROCK, False),
    ("bedrock", "prompt"): Kind("aws.bedrock_prompt", _C.OTHER, _BEDROCK, False),
    ("bedrock-agentcore", "runtime"): Kind("aws.agentcore_runtime", _C.AGENT, _BEDROCK),
    ("bedrock-agentcore", "gateway"): Kind("aws.agentcore_gateway", _C.MCP_SERVER, _BEDROCK),
    ("bedrock-agentcore", "memory"): Kind("aws.agentcore_memory", _C.KNOWLEDGE_BASE, _BEDROCK),
    ("aws-external-anthropic", "workspace"):
        Kind("aws.claude_workspace", _C.INTEGRATION, _ANTHROPIC),
    ("bedrock-mantle", "project"): Kind("aws.bedrock_project", _C.OTHER, _BEDROCK),
    ("sagemaker", "endpoint"): Kind("aws.sagemaker_endpoint", _C.MODEL_ENDPOINT, _SAGEMAKER),
    ("sagemaker", "endpoint-config"):
        Kind("aws.sagemaker_endpoint_config", _C.OTHER, _SAGEMAKER, False),
    ("sagemaker", "inference-component"):
        Kind("aws.sagemaker_inference_component", _C.MODEL_ENDPOINT, _SAGEMAKER),
    ("sagemaker", "model"): Kind("aws.sagemaker_model", _C.MODEL, _SAGEMAKER),
    ("sagemaker", "model-package"): Kind("aws.sagemaker_model_package", _C.MODEL, _SAGEMAKER),
    ("sagemaker", "notebook-instance"):
        Kind("aws.sagemaker_notebook_instance", _C.NOTEBOOK, _SAGEMAKER),
    ("sagemaker", "domain"): Kind("aws.sagemaker_domain", _C.NOTEBOOK, _SAGEMAKER),
    ("sagemaker", "space"): Kind("aws.sagemaker_space", _C.NOTEBOOK, _SAGEMAKER),
    ("sagemaker", "training-job"): Kind("aws.sagemaker_training_job", _C.WORKLOAD, _SAGEMAKER),
    ("qbusiness", "application"): Kind("aws.qbusiness_application", _C.AGENT, _SERVICES),
    ("lex", "bot"): Kind("aws.lex_bot", _C.AGENT, _SERVICES),
    ("kendra", "index"): Kind("aws.kendra_index", _C.KNOWLEDGE_BASE, _SERVICES),
    ("wisdom", "assistant"): Kind("aws.qconnect_assistant", _C.AGENT, _SERVICES),
    ("comprehend", "document-classifier-endpoint"):
        Kind("aws.comprehend_endpoint", _C.MODEL_ENDPOINT, _SERVICES),
    ("comprehend", "entity-recognizer-endpoint"):
        Kind("aws.comprehend_endpoint", _C.MODEL_ENDPOINT, _SERVICES),
    ("rekognition", "project"): Kind("aws.rekognition_project", _C.MODEL, _SERVICES),
    ("rekognition", "project-version"):
        Kind("aws.rekognition_model", _C.MODEL_ENDPOINT, _SERVICES),
    ("personalize", "campaign"): Kind("aws.personalize_campaign", _C.MODEL_ENDPOINT, _SERVICES),
    ("personalize", "recommender"):
        Kind("aws.personalize_recommender", _C.MODEL_ENDPOINT, _SERVICES),
}  # fmt: skip
"""Service and type of an ARN -> what it is. The lists of the connector call the same things so."""

MODEL = Kind("aws.bedrock_model", AssetClass.MODEL, _BEDROCK)
"""A foundation model as one account uses it in one region: it has no ARN of its own."""
USE = Kind("aws.service_use", AssetClass.INTEGRATION, "")
"""A service without resources of its own, as one account uses it in one region."""


class Key(NamedTuple):
    kind: str
    name: str
    provider: str


KEYS: Mapping[str, Key] = {
    "bedrock.amazonaws.com": Key("aws.bedrock_api_key", "Bedrock API key", _BEDROCK),
    "aws-external-anthropic.amazonaws.com":
        Key("aws.claude_api_key", "Claude Platform API key", _ANTHROPIC),
}  # fmt: skip
"""Services that a key may be for."""
KEY_KINDS = frozenset(key.kind for key in KEYS.values())


class Field(NamedTuple):
    """``path``: dotted, in the parameters. ``type``: of the ARN that an id stands for; empty: the
    value says what it is."""

    path: str
    service: str
    type: str


FIELDS: Mapping[str, tuple[Field, ...]] = {
    "bedrock.amazonaws.com": (
        Field("agentId", "bedrock", "agent"),
        Field("flowIdentifier", "bedrock", "flow"),
        Field("knowledgeBaseId", "bedrock", "knowledge-base"),
        Field("retrieveAndGenerateConfiguration.knowledgeBaseConfiguration.knowledgeBaseId",
              "bedrock", "knowledge-base"),
        Field("modelId", "", ""),
        Field("modelInput.modelId", "", ""),
        Field("foundationModel", "", ""),
        Field("promptIdentifier", "bedrock", "prompt"),
        Field("guardrailIdentifier", "bedrock", "guardrail"),
    ),
    "bedrock-mantle.amazonaws.com": (Field("model", "", ""),),
    "bedrock-agentcore.amazonaws.com": (
        Field("agentRuntimeArn", "bedrock-agentcore", "runtime"),
        Field("gatewayArn", "bedrock-agentcore", "gateway"),
        Field("gatewayIdentifier", "bedrock-agentcore", "gateway"),
        Field("memoryId", "bedrock-agentcore", "memory"),
    ),
    "sagemaker.amazonaws.com": (
        Field("endpointName", "sagemaker", "endpoint"),
        Field("notebookInstanceName", "sagemaker", "notebook-instance"),
        Field("domainId", "sagemaker", "domain"),
    ),
    "qbusiness.amazonaws.com": (Field("applicationId", "qbusiness", "application"),),
    "lex.amazonaws.com": (Field("botId", "lex", "bot"), Field("botName", "lex", "bot")),
    "kendra.amazonaws.com": (Field("indexId", "kendra", "index"),),
    "wisdom.amazonaws.com": (Field("assistantId", "wisdom", "assistant"),),
    "comprehend.amazonaws.com": (Field("endpointArn", "comprehend", ""),),
    "rekognition.amazonaws.com": (Field("projectVersionArn", "rekognition", ""),),
    "personalize.amazonaws.com": (
        Field("campaignArn", "personalize", ""), Field("recommenderArn", "personalize", "")),
}  # fmt: skip
"""Where an event names what was used; the first that is given wins."""
BY_MODEL = frozenset({"bedrock-mantle.amazonaws.com"})
"""Where the resource is a project, and what is called stands in the request alone."""


class Maker(NamedTuple):
    """``items``: path of what was made in the event; ``id`` (as a table has it), ``name`` and
    ``machine`` (which must have accelerators) are of each, or ``name`` of the event as a whole.
    ``kind``: of the connector's tables."""

    kind: str
    items: str
    id: str
    name: str
    machine: str = ""


_HERE = "{partition}:%s:{region}:{account}"
MADE: Mapping[tuple[str, str], Maker] = {
    ("ec2.amazonaws.com", "RunInstances"): Maker(
        "aws.ec2_instance", "responseElements.instancesSet.items[]",
        f"arn:{_HERE % 'ec2'}:instance/{{instanceId}}", "instanceId", "instanceType"),
    ("lambda.amazonaws.com", "CreateFunction20150331"): Maker(
        "aws.lambda_function", "responseElements", "functionArn", "functionName"),
    ("ecs.amazonaws.com", "CreateCluster"): Maker(
        "aws.ecs_cluster", "responseElements.cluster", "clusterArn", "clusterName"),
    ("ecs.amazonaws.com", "CreateService"): Maker(
        "aws.ecs_service", "responseElements.service", "serviceArn", "serviceName"),
    ("ecs.amazonaws.com", "RegisterTaskDefinition"): Maker(
        "aws.ecs_task_definition", "responseElements.taskDefinition", "taskDefinitionArn",
        "family"),
    ("eks.amazonaws.com", "CreateCluster"): Maker(
        "aws.eks_cluster", "responseElements.cluster", "arn", "name"),
    ("eks.amazonaws.com", "CreateNodegroup"): Maker(
        "aws.eks_node_group", "responseElements.nodegroup",
        f"arn:{_HERE % 'eks'}:cluster/{{clusterName}}/nodegroup/{{nodegroupName}}",
        "nodegroupName"),
    ("apprunner.amazonaws.com", "CreateService"): Maker(
        "aws.apprunner_service", "responseElements.service", "serviceArn", "serviceName"),
    ("batch.amazonaws.com", "CreateComputeEnvironment"): Maker(
        "aws.batch_compute_environment", "responseElements", "computeEnvironmentArn",
        "computeEnvironmentName"),
    ("batch.amazonaws.com", "RegisterJobDefinition"): Maker(
        "aws.batch_job_definition", "responseElements", "jobDefinitionArn", "jobDefinitionName"),
    ("codebuild.amazonaws.com", "CreateProject"): Maker(
        "aws.codebuild_project", "responseElements.project", "arn", "name"),
    ("states.amazonaws.com", "CreateStateMachine"): Maker(
        "aws.state_machine", "responseElements", "stateMachineArn", "requestParameters.name"),
    ("quicksight.amazonaws.com", "CreateTopic"): Maker(
        "aws.quicksight_topic", "responseElements", "arn", "topicId"),
    ("es.amazonaws.com", "CreateDomain"): Maker(
        "aws.opensearch_domain", "responseElements.domainStatus",
        f"arn:{_HERE % 'es'}:domain/{{domainName}}", "domainName"),
    ("es.amazonaws.com", "CreateElasticsearchDomain"): Maker(
        "aws.opensearch_domain", "responseElements.domainStatus",
        f"arn:{_HERE % 'es'}:domain/{{domainName}}", "domainName"),
    ("aoss.amazonaws.com", "CreateCollection"): Maker(
        "aws.opensearch_serverless_collection", "responseElements.createCollectionDetail", "arn",
        "name"),
    ("s3vectors.amazonaws.com", "CreateVectorBucket"): Maker(
        "aws.s3_vector_bucket", "responseElements", "vectorBucketArn",
        "requestParameters.vectorBucketName"),
    ("s3vectors.amazonaws.com", "CreateIndex"): Maker(
        "aws.s3_vector_index", "responseElements", "indexArn", "requestParameters.indexName"),
    ("neptune-graph.amazonaws.com", "CreateGraph"): Maker(
        "aws.neptune_graph", "responseElements", "arn", "name"),
    ("forecast.amazonaws.com", "CreatePredictor"): Maker(
        "aws.forecast_predictor", "responseElements", "predictorArn",
        "requestParameters.predictorName"),
    ("forecast.amazonaws.com", "CreateAutoPredictor"): Maker(
        "aws.forecast_predictor", "responseElements", "predictorArn",
        "requestParameters.predictorName"),
    ("forecast.amazonaws.com", "CreateDatasetGroup"): Maker(
        "aws.forecast_dataset_group", "responseElements", "datasetGroupArn",
        "requestParameters.datasetGroupName"),
    ("frauddetector.amazonaws.com", "PutDetector"): Maker(
        "aws.fraud_detector", "requestParameters",
        f"arn:{_HERE % 'frauddetector'}:detector/{{detectorId}}", "detectorId"),
    ("frauddetector.amazonaws.com", "CreateModel"): Maker(
        "aws.fraud_detector_model", "requestParameters",
        f"arn:{_HERE % 'frauddetector'}:model/{{modelType}}/{{modelId}}", "modelId"),
    ("healthlake.amazonaws.com", "CreateFHIRDatastore"): Maker(
        "aws.healthlake_datastore", "responseElements", "datastoreArn",
        "requestParameters.datastoreName"),
}  # fmt: skip
"""Source and name of an event -> what it made, in services that are not in ``SERVICES``."""
MAKING = tuple(sorted({name for _, name in MADE}))
"""Names by which the event history is asked for them."""


def is_of_interest(source: str, name: str) -> bool:
    return source in SERVICES or source == API_KEYS or (source, name) in MADE
