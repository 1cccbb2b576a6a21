"""Images that bring no HEALTHCHECK of their own: Docker's official ones have none as a rule, and so have these of projects."""

from __future__ import annotations

NO_HEALTHCHECK = frozenset(
    """
    adminer alpine amazoncorretto amazonlinux busybox caddy cassandra centos chronograf clojure composer consul couchdb
    debian drupal eclipse-mosquitto eclipse-temurin elasticsearch elixir erlang fedora ghost golang gradle haproxy httpd
    influxdb joomla kapacitor kibana logstash mariadb matomo maven mediawiki memcached mongo mongo-express mysql nats neo4j
    nextcloud nginx node openjdk percona perl php phpmyadmin postgres python rabbitmq redis redmine registry rockylinux ruby
    rust solr sonarqube swift telegraf tomcat traefik ubuntu vault wordpress zookeeper apache/kafka bitnami/kafka
    bitnami/mariadb bitnami/mongodb bitnami/mysql bitnami/postgresql bitnami/redis bitnami/zookeeper confluentinc/cp-kafka
    confluentinc/cp-zookeeper dpage/pgadmin4 grafana/grafana grafana/loki grafana/promtail grafana/tempo hashicorp/consul
    hashicorp/vault jaegertracing/all-in-one nginxinc/nginx-unprivileged opensearchproject/opensearch
    otel/opentelemetry-collector otel/opentelemetry-collector-contrib pgvector/pgvector postgis/postgis prom/alertmanager
    prom/blackbox-exporter prom/node-exporter prom/prometheus prom/pushgateway timescale/timescaledb valkey/valkey
    docker.elastic.co/elasticsearch/elasticsearch docker.elastic.co/kibana/kibana mcr.microsoft.com/mssql/server
    quay.io/keycloak/keycloak quay.io/prometheus/alertmanager quay.io/prometheus/node-exporter quay.io/prometheus/prometheus
    """.split()  # noqa: SIM905
)
"""Names without the registry of Docker, and without a tag."""
