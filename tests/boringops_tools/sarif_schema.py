"""What SARIF 2.1.0 (OASIS, `sarif-schema-2.1.0.json`) demands of the objects that a log of ours is made of.

Every object lists all properties that the standard gives it, so that one it does not know is an error here as well.
"""

from __future__ import annotations

from typing import Any


def _object(properties: dict[str, Any], *required: str, **more: Any) -> dict[str, Any]:
    properties = {**properties, "properties": {"type": "object"}}
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
        **more,
    }


def _list(of: Any, **more: Any) -> dict[str, Any]:
    return {"type": "array", "items": of, **more}


def _ref(name: str) -> dict[str, Any]:
    return {"$ref": f"#/definitions/{name}"}


_TEXT = {"type": "string"}
_INDEX = {"type": "integer", "minimum": -1}
_POSITION = {"type": "integer", "minimum": 1}
_OFFSET = {"type": "integer", "minimum": -1}
_LEVEL = {"enum": ["none", "note", "warning", "error"]}
_TEXTS = {"type": "object", "additionalProperties": _TEXT}
_ANY: dict[str, Any] = {}

SCHEMA: dict[str, Any] = {
    "$schema": "http://json-schema.org/draft-07/schema#",
    **_object(
        {
            "$schema": {"type": "string", "format": "uri"}, "version": {"enum": ["2.1.0"]},
            "runs": _list(_ref("run")), "inlineExternalProperties": _list(_ANY),
        },
        "version", "runs",
    ),
    "definitions": {
        "run": _object(
            {
                **dict.fromkeys(
                    ("conversion", "language", "versionControlProvenance", "artifacts", "logicalLocations", "graphs",
                     "automationDetails", "runAggregates", "baselineGuid", "redactionTokens", "defaultEncoding",
                     "defaultSourceLanguage", "newlineSequences", "externalPropertyFileReferences", "threadFlowLocations",
                     "taxonomies", "addresses", "translations", "policies", "webRequests", "webResponses", "specialLocations"),
                    _ANY,
                ),
                "tool": _ref("tool"), "invocations": _list(_ref("invocation"), uniqueItems=False),
                "originalUriBaseIds": {"type": "object", "additionalProperties": _ref("artifactLocation")},
                "results": _list(_ref("result")), "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
            },
            "tool",
        ),
        "tool": _object({"driver": _ref("toolComponent"), "extensions": _list(_ref("toolComponent"))}, "driver"),
        "toolComponent": _object(
            {
                **dict.fromkeys(
                    ("guid", "organization", "product", "productSuite", "shortDescription", "fullDescription", "fullName",
                     "semanticVersion", "dottedQuadFileVersion", "releaseDateUtc", "downloadUri", "informationUri",
                     "globalMessageStrings", "notifications", "taxa", "locations", "language", "contents", "isComprehensive",
                     "localizedDataSemanticVersion", "minimumRequiredLocalizedDataSemanticVersion", "associatedComponent",
                     "translationMetadata", "supportedTaxonomies"),
                    _ANY,
                ),
                "name": _TEXT, "version": _TEXT, "rules": _list(_ref("reportingDescriptor"), uniqueItems=True),
            },
            "name",
        ),
        "reportingDescriptor": _object(
            {
                **dict.fromkeys(
                    ("deprecatedIds", "guid", "deprecatedGuids", "name", "deprecatedNames", "messageStrings", "relationships"),
                    _ANY,
                ),
                "id": _TEXT, "shortDescription": _ref("multiformatMessageString"),
                "fullDescription": _ref("multiformatMessageString"), "help": _ref("multiformatMessageString"),
                "helpUri": {"type": "string", "format": "uri"}, "defaultConfiguration": _ref("reportingConfiguration"),
            },
            "id",
        ),
        "reportingConfiguration": _object(
            {"enabled": {"type": "boolean"}, "level": _LEVEL, "rank": {"type": "number"}, "parameters": {"type": "object"}}
        ),
        "multiformatMessageString": _object({"text": _TEXT, "markdown": _TEXT}, "text"),
        "message": _object(
            {"text": _TEXT, "markdown": _TEXT, "id": _TEXT, "arguments": _list(_TEXT)},
            anyOf=[{"required": ["text"]}, {"required": ["id"]}],
        ),
        "invocation": _object(
            {
                **dict.fromkeys(
                    ("commandLine", "arguments", "responseFiles", "startTimeUtc", "endTimeUtc", "exitCode",
                     "ruleConfigurationOverrides", "notificationConfigurationOverrides", "exitCodeDescription", "exitSignalName",
                     "exitSignalNumber", "processStartFailureMessage", "machine", "account", "processId", "executableLocation",
                     "workingDirectory", "environmentVariables", "stdin", "stdout", "stderr", "stdoutStderr"),
                    _ANY,
                ),
                "executionSuccessful": {"type": "boolean"},
                "toolExecutionNotifications": _list(_ref("notification")),
                "toolConfigurationNotifications": _list(_ref("notification")),
            },
            "executionSuccessful",
        ),
        "notification": _object(
            {
                **dict.fromkeys(("threadId", "timeUtc", "exception", "descriptor", "associatedRule"), _ANY),
                "locations": _list(_ref("location"), uniqueItems=True), "message": _ref("message"), "level": _LEVEL,
            },
            "message",
        ),
        "result": _object(
            {
                **dict.fromkeys(
                    ("rule", "analysisTarget", "guid", "correlationGuid", "stacks", "codeFlows", "graphs", "graphTraversals",
                     "relatedLocations", "rank", "attachments", "hostedViewerUri", "workItemUris", "provenance", "fixes", "taxa",
                     "webRequest", "webResponse"),
                    _ANY,
                ),
                "ruleId": _TEXT, "ruleIndex": _INDEX, "level": _LEVEL, "message": _ref("message"),
                "kind": {"enum": ["notApplicable", "pass", "fail", "review", "open", "informational"]},
                "locations": _list(_ref("location")), "occurrenceCount": _POSITION, "partialFingerprints": _TEXTS,
                "fingerprints": _TEXTS, "suppressions": _list(_ref("suppression"), uniqueItems=True),
                "baselineState": {"enum": ["new", "unchanged", "updated", "absent"]},
            },
            "message",
        ),
        "suppression": _object(
            {
                "guid": _TEXT, "kind": {"enum": ["inSource", "external"]}, "justification": _TEXT,
                "status": {"enum": ["accepted", "underReview", "rejected"]}, "location": _ref("location"),
            },
            "kind",
        ),
        "location": _object(
            {
                "id": _INDEX, "physicalLocation": _ref("physicalLocation"), "message": _ref("message"),
                "logicalLocations": _list(_ANY), "annotations": _list(_ref("region")), "relationships": _list(_ANY),
            }
        ),
        "physicalLocation": _object(
            {
                "address": _ANY, "artifactLocation": _ref("artifactLocation"), "region": _ref("region"),
                "contextRegion": _ref("region"),
            },
            anyOf=[{"required": ["address"]}, {"required": ["artifactLocation"]}],
        ),
        "artifactLocation": _object(
            {
                "uri": {"type": "string", "format": "uri-reference", "pattern": r"^[!-~]*$"}, "uriBaseId": _TEXT,
                "index": _INDEX, "description": _ref("message"),
            }
        ),
        "region": _object(
            {
                "startLine": _POSITION, "startColumn": _POSITION, "endLine": _POSITION, "endColumn": _POSITION,
                "charOffset": _OFFSET, "charLength": {"type": "integer", "minimum": 0}, "byteOffset": _OFFSET,
                "byteLength": {"type": "integer", "minimum": 0}, "message": _ref("message"), "sourceLanguage": _TEXT,
                "snippet": _object({"text": _TEXT, "binary": _TEXT, "rendered": _ref("multiformatMessageString")}),
            }
        ),
    },
}  # fmt: skip
