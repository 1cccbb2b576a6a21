"""Names of the fields of custom resources that many clusters have: the levels where people write, not all there are."""

# ruff: noqa: E501 - a level reads best on one line

from __future__ import annotations

_RELABEL = "action modulus regex replacement separator sourceLabels targetLabel"
_SCRAPE = "authorization basicAuth bearerTokenFile bearerTokenSecret enableHttp2 filterRunning followRedirects honorLabels honorTimestamps interval metricRelabelings noProxy oauth2 params path port portNumber proxyConnectHeader proxyFromEnvironment proxyUrl relabelings scheme scrapeTimeout targetPort tlsConfig trackTimestampsStaleness"
_MONITOR = "attachMetadata bodySizeLimit convertClassicHistogramsToNHCB fallbackScrapeProtocol jobLabel keepDroppedTargets labelLimit labelNameLengthLimit labelValueLengthLimit namespaceSelector nativeHistogramBucketLimit nativeHistogramMinBucketFactor podTargetLabels sampleLimit scrapeClass scrapeClassicHistograms scrapeNativeHistograms scrapeProtocols selector selectorMechanism serviceDiscoveryRole targetLabels targetLimit"
_SELECTOR = "matchExpressions matchLabels"
_SOURCE = "chart directory helm kustomize name path plugin ref repoURL targetRevision"
_HELM = "apiVersions fileParameters ignoreMissingValueFiles kubeVersion namespace parameters passCredentials releaseName skipCrds skipSchemaValidation skipTests valueFiles values valuesObject version"
_TEMPLATED = "apiVersions commonAnnotations commonAnnotationsEnvsubst commonLabels components forceCommonAnnotations forceCommonLabels ignoreMissingComponents images kubeVersion labelIncludeTemplates labelWithoutSelector namePrefix nameSuffix namespace patches replicas version"
_REMOTE = "conversionStrategy decodingStrategy key metadataPolicy nullBytePolicy property version"
_ISSUER = {
    "": "acme ca selfSigned vault venafi",
    "acme": "caBundle disableAccountKeyGeneration email enableDurationFeature externalAccountBinding preferredChain privateKeySecretRef profile server skipTLSVerify solvers",
    "acme.privateKeySecretRef": "key name",
    "acme.solvers": "dns01 http01 selector",
    "acme.solvers.http01": "gatewayHTTPRoute ingress",
    "acme.solvers.dns01": "acmeDNS akamai azureDNS cloudDNS cloudflare cnameStrategy digitalocean rfc2136 route53 webhook",
    "acme.solvers.selector": "dnsNames dnsZones matchLabels",
}
_PARENT = "group kind name namespace port sectionName"
_BACKEND = "filters group kind name namespace port weight"
_FILTERS = "cors extensionRef externalAuth requestHeaderModifier requestMirror requestRedirect responseHeaderModifier type urlRewrite"
_APPLICATION = {
    "": "destination ignoreDifferences info project revisionHistoryLimit source sourceHydrator sources syncPolicy",
    "destination": "name namespace server",
    "ignoreDifferences": "group jqPathExpressions jsonPointers kind managedFieldsManagers name namespace",
    "source": _SOURCE, "sources": _SOURCE, "source.helm": _HELM, "sources.helm": _HELM,
    "source.kustomize": _TEMPLATED, "sources.kustomize": _TEMPLATED,
    "source.directory": "exclude include jsonnet recurse", "sources.directory": "exclude include jsonnet recurse",
    "syncPolicy": "automated managedNamespaceMetadata retry syncOptions",
    "syncPolicy.automated": "allowEmpty enabled prune selfHeal",
    "syncPolicy.managedNamespaceMetadata": "annotations labels",
    "syncPolicy.retry": "backoff limit refresh",
    "syncPolicy.retry.backoff": "duration factor maxDuration",
}  # fmt: skip
_RELEASE = "atomic cleanupOnFail crds createNamespace deletionPropagation disableHooks disableOpenAPIValidation disableSchemaValidation disableTakeOwnership disableWait disableWaitForJobs force keepHistory preserveValues recreate remediation replace serverSideApply skipCRDs strategy timeout"

_ROUTE = "activeTimeIntervals continue groupBy groupInterval groupWait matchers muteTimeIntervals receiver repeatInterval routes"
_MATCHER = "matchType name regex value"
_NOTIFIED = {
    "discordConfigs": "apiURL avatarURL content message title username",
    "emailConfigs": "authIdentity authPassword authSecret authUsername forceImplicitTLS from headers hello html requireTLS smarthost text threading tlsConfig to",
    "msteamsConfigs": "summary text title webhookUrl",
    "msteamsv2Configs": "text title webhookURL",
    "opsgenieConfigs": "actions apiKey apiURL description details entity message note priority responders source tags updateAlerts",
    "pagerdutyConfigs": "class client clientURL component description details group pagerDutyImageConfigs pagerDutyLinkConfigs routingKey serviceKey severity source timeout url",
    "slackConfigs": "actions apiURL callbackId channel color fallback fields footer iconEmoji iconURL imageURL linkNames messageText mrkdwnIn pretext shortFields text thumbURL timeout title titleLink updateMessage username",
    "telegramConfigs": "apiURL botToken botTokenFile chatID disableNotifications message messageThreadID parseMode",
    "webhookConfigs": "maxAlerts payload timeout url urlSecret",
}  # fmt: skip
_OTHER_RECEIVERS = "pushoverConfigs rocketchatConfigs snsConfigs victoropsConfigs webexConfigs wechatConfigs"
_ALERTMANAGER = {
    "": "inhibitRules muteTimeIntervals receivers route timeIntervals",
    "inhibitRules": "equal sourceMatch targetMatch", "inhibitRules.sourceMatch": _MATCHER, "inhibitRules.targetMatch": _MATCHER,
    "receivers": f"name {' '.join(_NOTIFIED)} {_OTHER_RECEIVERS}",
    **{f"receivers.{name}": f"{fields} httpConfig sendResolved" for name, fields in _NOTIFIED.items()},
    **{f"route{'.routes' * depth}": _ROUTE for depth in range(5)},
    **{f"route{'.routes' * depth}.matchers": _MATCHER for depth in range(5)},
}  # fmt: skip

_TEXT: dict[str, dict[str, dict[str, str]]] = {
    "argoproj.io": {
        "Application": _APPLICATION,
        "ApplicationSet": {
            "": "applyNestedSelectors generators goTemplate goTemplateOptions ignoreApplicationDifferences preservedFields strategy syncPolicy template templatePatch",
            "syncPolicy": "applicationsSync preserveResourcesOnDeletion",
            **{f"template.spec{'.' if way else ''}{way}": fields for way, fields in _APPLICATION.items()},
        },
        "AppProject": {
            "": "clusterResourceBlacklist clusterResourceWhitelist description destinationServiceAccounts destinations namespaceResourceBlacklist namespaceResourceWhitelist orphanedResources permitOnlyProjectScopedClusters roles signatureKeys sourceNamespaces sourceRepos syncWindows",
            "destinations": "name namespace server",
            "roles": "description groups jwtTokens name policies",
            "syncWindows": "andOperator applications clusters description duration kind manualSync namespaces schedule syncOverrun timeZone",
            "orphanedResources": "ignore warn",
        },
    },
    "monitoring.coreos.com": {
        "ServiceMonitor": {"": f"{_MONITOR} endpoints", "endpoints": _SCRAPE, "endpoints.relabelings": _RELABEL, "endpoints.metricRelabelings": _RELABEL, "namespaceSelector": "any matchNames", "selector": _SELECTOR},
        "PodMonitor": {"": f"{_MONITOR} podMetricsEndpoints", "podMetricsEndpoints": _SCRAPE, "podMetricsEndpoints.relabelings": _RELABEL, "podMetricsEndpoints.metricRelabelings": _RELABEL, "namespaceSelector": "any matchNames", "selector": _SELECTOR},
        "AlertmanagerConfig": _ALERTMANAGER,
        "PrometheusRule": {"": "groups", "groups": "interval labels limit name partial_response_strategy query_offset rules", "groups.rules": "alert annotations expr for keep_firing_for labels record"},
    },
    "cert-manager.io": {
        "Certificate": {
            "": "additionalOutputFormats commonName dnsNames duration emailAddresses encodeUsagesInRequest ipAddresses isCA issuerRef keystores literalSubject nameConstraints otherNames privateKey renewBefore renewBeforePercentage revisionHistoryLimit secretName secretTemplate signatureAlgorithm subject uris usages",
            "issuerRef": "group kind name", "privateKey": "algorithm encoding rotationPolicy size", "secretTemplate": "annotations labels",
        },
        "Issuer": _ISSUER, "ClusterIssuer": _ISSUER,
    },
    "external-secrets.io": {
        "ExternalSecret": {
            "": "data dataFrom refreshInterval refreshPolicy secretStoreRef target", "secretStoreRef": "kind name",
            "target": "creationPolicy deletionPolicy immutable manifest name template", "target.template": "data engineVersion mergePolicy metadata templateFrom type",
            "data": "remoteRef secretKey sourceRef", "data.remoteRef": _REMOTE, "dataFrom": "extract find rewrite sourceRef", "dataFrom.extract": _REMOTE,
        },
    },
    "keda.sh": {
        "ScaledObject": {
            "": "advanced cooldownPeriod fallback idleReplicaCount initialCooldownPeriod maxReplicaCount minReplicaCount pollingInterval scaleTargetRef triggers",
            "scaleTargetRef": "apiVersion envSourceContainerName kind name", "triggers": "authenticationRef metadata metricType name type useCachedMetrics",
            "fallback": "behavior failureThreshold replicas", "advanced": "horizontalPodAutoscalerConfig restoreToOriginalReplicaCount scalingModifiers",
        },
        "ScaledJob": {
            "": "envSourceContainerName failedJobsHistoryLimit jobTargetRef maxReplicaCount minReplicaCount pollingInterval rollout rolloutStrategy scalingStrategy successfulJobsHistoryLimit triggers",
            "triggers": "authenticationRef metadata metricType name type useCachedMetrics",
        },
    },
    "gateway.networking.k8s.io": {
        "Gateway": {
            "": "addresses allowedListeners backendTLS defaultScope gatewayClassName infrastructure listeners tls", "listeners": "allowedRoutes hostname name port protocol tls",
            "listeners.allowedRoutes": "kinds namespaces", "listeners.allowedRoutes.namespaces": "from selector", "listeners.tls": "certificateRefs frontendValidation mode options",
        },
        "HTTPRoute": {
            "": "hostnames parentRefs rules useDefaultGateways", "parentRefs": _PARENT, "rules": "backendRefs filters matches name retry sessionPersistence timeouts", "rules.backendRefs": _BACKEND,
            "rules.filters": _FILTERS, "rules.matches": "headers method path queryParams", "rules.timeouts": "backendRequest request",
        },
        "GRPCRoute": {"": "hostnames parentRefs rules useDefaultGateways", "parentRefs": _PARENT, "rules": "backendRefs filters matches name sessionPersistence", "rules.backendRefs": _BACKEND},
    },
    "kustomize.toolkit.fluxcd.io": {
        "Kustomization": {
            "": "buildMetadata commonMetadata components decryption deletionPolicy dependsOn force healthCheckExprs healthChecks ignoreMissingComponents images interval kubeConfig namePrefix nameSuffix patches patchesJson6902 patchesStrategicMerge path postBuild prune retryInterval serviceAccountName sourceRef suspend targetNamespace timeout validation wait",
            "sourceRef": "apiVersion kind name namespace", "postBuild": "substitute substituteFrom", "decryption": "provider secretRef serviceAccountName",
        },
    },
    "helm.toolkit.fluxcd.io": {
        "HelmRelease": {
            "": "chart chartRef commonMetadata dependsOn driftDetection healthCheckExprs install interval kubeConfig maxHistory persistentClient postRenderers releaseName rollback serviceAccountName storageNamespace suspend targetNamespace test timeout uninstall upgrade values valuesFrom waitStrategy",
            "chart.spec": "chart ignoreMissingValuesFiles interval reconcileStrategy sourceRef valuesFile valuesFiles verify version", "install": _RELEASE, "upgrade": _RELEASE,
            "valuesFrom": "kind name optional targetPath valuesKey literal",
        },
    },
}  # fmt: skip

FIELDS = {
    group: {kind: {way: frozenset(fields.split()) for way, fields in levels.items()} for kind, levels in kinds.items()}
    for group, kinds in _TEXT.items()
}
"""Group, kind and keys below `spec` (lists left out): the fields that are there."""

_SCRAPED = {"metricsPath": "path", "metrics_path": "path", "scrapeInterval": "interval", "scrape_interval": "interval", "timeout": "scrapeTimeout", "relabelConfigs": "relabelings", "relabel_configs": "relabelings", "metricRelabelConfigs": "metricRelabelings", "metric_relabel_configs": "metricRelabelings"}  # fmt: skip
_ROUTED = {"match": "matchers", "match_re": "matchers", "time_intervals": "activeTimeIntervals"}
OTHERS = {
    **{f"AlertmanagerConfig route{'.routes' * depth}": _ROUTED for depth in range(5)},
    "AlertmanagerConfig inhibitRules": {
        "source_matchers": "sourceMatch",
        "sourceMatchers": "sourceMatch",
        "target_matchers": "targetMatch",
        "targetMatchers": "targetMatch",
        "source_match": "sourceMatch",
        "target_match": "targetMatch",
    },
    "AlertmanagerConfig receivers.webhookConfigs": {"urlFrom": "urlSecret"},
    "ServiceMonitor endpoints": _SCRAPED,
    "PodMonitor podMetricsEndpoints": _SCRAPED,
    "PodMonitor": {"endpoints": "podMetricsEndpoints"},
    "ScaledObject": {"minReplicas": "minReplicaCount", "maxReplicas": "maxReplicaCount", "targetRef": "scaleTargetRef"},
    "ScaledJob": {"minReplicas": "minReplicaCount", "maxReplicas": "maxReplicaCount"},
    "Application source": {"repo": "repoURL", "revision": "targetRevision", "branch": "targetRevision"},
    "Application sources": {"repo": "repoURL", "revision": "targetRevision", "branch": "targetRevision"},
    "Application source.helm": {"valuesFiles": "valueFiles", "valuesFile": "valueFiles"},
    "Application sources.helm": {"valuesFiles": "valueFiles", "valuesFile": "valueFiles"},
    "Certificate": {"hosts": "dnsNames", "domains": "dnsNames", "issuer": "issuerRef", "secret": "secretName"},
    "ExternalSecret": {"secretStore": "secretStoreRef", "interval": "refreshInterval"},
    "HTTPRoute": {"hosts": "hostnames", "parents": "parentRefs", "gateways": "parentRefs"},
    "HTTPRoute rules": {"backends": "backendRefs", "match": "matches"},
}
"""What the same thing is called elsewhere (Prometheus' own configuration, autoscalers, ingresses), by kind and keys."""
