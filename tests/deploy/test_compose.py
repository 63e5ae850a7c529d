"""The deployment as files: what a container may do, who is reachable, where secrets are, and that every name means what it says."""

import re
import stat
import subprocess
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml
from psycopg.conninfo import conninfo_to_dict

from deploy.auditor.__main__ import named_sources
from deploy.issuer.__main__ import IssuerSettings
from deploy.launcher.places import CHECKOUT
from deploy.launcher.servers import SERVICES
from intake.settings import Settings as IntakeSettings
from reporting.settings import Settings as ReportingSettings
from shared import limits
from shared.events import TOPICS
from shared.settings import ServiceSettings, TextSettings

FOLDER = CHECKOUT / "deploy" / "compose"
NGINX = (FOLDER / "gateway" / "nginx.conf").read_text()
MODES = ("production", "development")
COMPOSE: dict[str, Any] = yaml.safe_load((CHECKOUT / "docker-compose.yml").read_text())
CONTAINERS: dict[str, dict[str, Any]] = COMPOSE["services"]
JOBS = {"databases", *(f"{name}-migrate" for name in SERVICES)}
PORTS = dict(zip(SERVICES, (8001, 8002, 8003, 8004), strict=True))
SETTINGS = dict.fromkeys(SERVICES, ServiceSettings) | {"intake": IntakeSettings, "feedback": TextSettings, "reporting": ReportingSettings}

_VARIABLE = re.compile(r"\$\{(?P<name>[A-Z_]+)(?P<rest>:[-?][^}]*)?\}")


def environment_file(mode: str) -> dict[str, str]:
    lines = (FOLDER / f"{mode}.env").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def interpolated(value: object, given: dict[str, str]) -> str:
    """As compose fills in variables: what is given, else the default; one that is required and missing fails."""

    def fill(found: re.Match[str]) -> str:
        rest = found["rest"] or ""
        if found["name"] in given:
            return given[found["name"]]
        assert rest.startswith(":-"), f"{found['name']} is required"
        return rest.removeprefix(":-")

    return _VARIABLE.sub(fill, str(value))


def environment_of(container: str, mode: str) -> dict[str, str]:
    given = environment_file(mode)
    return {name: interpolated(value, given) for name, value in CONTAINERS[container]["environment"].items()}


def test_everything_that_runs_is_there() -> None:
    assert set(CONTAINERS) == {*SERVICES, *JOBS, "gateway", "postgres", "kafka", "issuer", "auditor"}


@pytest.mark.parametrize("container", CONTAINERS)
def test_every_image_is_of_one_version(container: str) -> None:
    image = interpolated(CONTAINERS[container]["image"], {})
    name, _, tag = image.partition(":")
    assert "/" not in name or name == "apache/kafka", "images are named without a registry's host"
    assert re.match(r"\d+\.\d+", tag), f"{image} may be another one tomorrow"


def test_every_base_image_is_of_one_version() -> None:
    dockerfile = (FOLDER / "Dockerfile").read_text()
    assert re.findall(r"^ARG PYTHON=(\S+)$", dockerfile, re.MULTILINE) == ["python:3.11.14-slim-bookworm"]
    assert set(re.findall(r"^FROM (\S+)", dockerfile, re.MULTILINE)) == {"${PYTHON}", "services"}


def test_each_of_our_images_is_built_by_one_service_and_looked_for_nowhere_else() -> None:
    # Built by each service that runs it, an image would be another one each time, and the next `up` would replace every container at once.
    ours = {name: container for name, container in CONTAINERS.items() if container["image"].startswith("fullcircle")}
    assert {name for name, container in ours.items() if "build" in container} == {"intake", "databases"}
    assert {CONTAINERS[name]["image"] for name in ("intake", "databases")} == {container["image"] for container in ours.values()}
    assert {container["pull_policy"] for container in ours.values()} == {"never"}


def test_only_the_gateway_can_be_reached_and_only_from_this_machine_unless_told_otherwise() -> None:
    published = {name: container["ports"] for name, container in CONTAINERS.items() if container.get("ports")}
    assert {name: [interpolated(port, {}) for port in ports] for name, ports in published.items()} == {"gateway": ["127.0.0.1:8080:8080"]}


@pytest.mark.parametrize("container", CONTAINERS)
def test_no_container_may_do_more_than_it_must(container: str) -> None:
    described = CONTAINERS[container]
    user, _, group = described["user"].partition(":")
    assert int(user) > 0
    assert int(group) > 0
    assert described["cap_drop"] == ["ALL"]
    assert described["security_opt"] == ["no-new-privileges:true"]
    assert described["read_only"] is (container != "kafka")
    assert described["tmpfs"][0] == "/tmp"
    assert not described.get("privileged")
    assert not described.get("network_mode")


@pytest.mark.parametrize("container", CONTAINERS)
def test_every_container_is_bounded(container: str) -> None:
    described = CONTAINERS[container]
    assert set(described["deploy"]["resources"]["limits"]) == {"cpus", "memory", "pids"}
    assert described["logging"]["driver"] == "json-file"
    assert set(described["logging"]["options"]) == {"max-size", "max-file"}


@pytest.mark.parametrize("container", sorted(set(CONTAINERS) - JOBS - {"auditor"}))
def test_whatever_stays_is_started_again_is_asked_for_its_health_and_has_time_to_stop(container: str) -> None:
    described = CONTAINERS[container]
    assert described["restart"] == "unless-stopped"
    assert described["healthcheck"]["test"][0] == "CMD"
    assert int(described["stop_grace_period"].removesuffix("s")) >= 20  # the services stop within 15 s


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_is_asked_whether_it_is_ready_and_starts_after_its_migrations(service: str) -> None:
    described = CONTAINERS[service]
    assert "/readyz" in described["healthcheck"]["test"][-1]
    assert described["command"] == ["python", "-m", service]
    assert described["depends_on"][f"{service}-migrate"] == {"condition": "service_completed_successfully"}
    # A broker that is away keeps nobody from taking webhooks.
    assert described["depends_on"]["kafka"] == {"condition": "service_started"}
    assert CONTAINERS[f"{service}-migrate"]["command"] == ["python", "-m", service, "migrate"]
    assert CONTAINERS[f"{service}-migrate"]["depends_on"] == {"databases": {"condition": "service_completed_successfully"}}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("container", [name for service in SERVICES for name in (service, f"{service}-migrate")])
def test_a_services_variables_are_its_settings(container: str, mode: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    service = container.removesuffix("-migrate")
    (tmp_path / "database_password").write_text("a password\n")
    (tmp_path / "erasure_key").write_text("k" * 64)
    (tmp_path / "text_secret").write_text("a secret of thirty-two characters and more\n")
    environment = {name: value for name, value in environment_of(container, mode).items() if not name.startswith("OTEL_")}
    fields = {f"FULLCIRCLE_{name.upper()}" for name in SETTINGS[service].model_fields}
    assert set(environment) <= fields, "a setting that nobody reads"

    for name, value in environment.items():
        monkeypatch.setenv(name, str(tmp_path / Path(value).name) if name.endswith("_FILE") else value)
    settings = SETTINGS[service]()
    assert (settings.mode, settings.port, settings.host) == (mode, PORTS[service], "0.0.0.0")
    assert settings.public_url == f"{environment_file(mode)['FULLCIRCLE_PUBLIC_ORIGIN']}/{service}"
    assert f"fullcircle_{service}:a password@postgres:5432/fullcircle_{service}" in settings.database_url.get_secret_value()


def test_production_is_what_one_gets_unasked_and_development_is_asked_for() -> None:
    assert interpolated(CONTAINERS["intake"]["environment"]["FULLCIRCLE_MODE"], {}) == "production"
    assert environment_of("reporting", "production")["FULLCIRCLE_WEBHOOK_ALLOW"] == ""
    assert environment_of("reporting", "development")["FULLCIRCLE_WEBHOOK_ALLOW"].split(",")[0] == "host.docker.internal"
    assert environment_file("development")["COMPOSE_PROFILES"] == "dev"


def test_the_issuer_is_of_the_dev_profile_alone_and_is_told_what_it_reads() -> None:
    profiles = {name: container["profiles"] for name, container in CONTAINERS.items() if "profiles" in container}
    assert profiles == {"issuer": ["dev"], "auditor": ["audit"]}
    fields = {f"FULLCIRCLE_{name.upper()}" for name in IssuerSettings.model_fields} | {"FULLCIRCLE_MODE"}
    assert set(CONTAINERS["issuer"]["environment"]) == fields


@pytest.mark.parametrize("service", SERVICES)
def test_traces_go_nowhere_unless_a_collector_is_named(service: str) -> None:
    environment = {name: value for name, value in CONTAINERS[service]["environment"].items() if name.startswith("OTEL_")}
    unasked = {name: interpolated(value, {}) for name, value in environment.items()}
    assert unasked == {
        "OTEL_EXPORTER_OTLP_ENDPOINT": "",
        "OTEL_TRACES_SAMPLER": "parentbased_always_on",
        "OTEL_TRACES_SAMPLER_ARG": "1.0",
    }
    assert interpolated(environment["OTEL_EXPORTER_OTLP_ENDPOINT"], {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"}).endswith(
        "4318"
    )


def test_the_auditor_runs_when_it_is_asked_and_reads_every_database(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    described = CONTAINERS["auditor"]
    assert (described["profiles"], described["restart"]) == (["audit"], "no")
    assert set(described["secrets"]) == {f"{name}_database_password" for name in SERVICES}
    for service in SERVICES:
        (tmp_path / f"{service}_database_password").write_text(f"the password of {service}\n")
    for name, value in environment_of("auditor", "production").items():
        monkeypatch.setenv(name, str(tmp_path) if name == "FULLCIRCLE_AUDIT_PASSWORDS_DIRECTORY" else value)
    sources = named_sources([], kafka=None, logs=None)
    assert sources is not None
    assert sources.kafka_bootstrap == "kafka:9092"
    for service in SERVICES:
        read = conninfo_to_dict(sources.databases[service])
        assert (read["dbname"], read["password"]) == (f"fullcircle_{service}", f"the password of {service}")


def test_secrets_are_files_and_in_no_variable() -> None:
    assert set(COMPOSE["secrets"]) == {*(f"{name}_database_password" for name in ("postgres", *SERVICES)), "erasure_key", "text_secret"}
    for container in CONTAINERS.values():
        for name, value in container.get("environment", {}).items():
            assert not ({"PASSWORD", "KEY"} & set(name.split("_"))) or str(value).startswith(("/run/secrets", "/var/lib/fullcircle"))


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_sees_its_own_password_and_no_other_and_intake_alone_the_erasure_key(service: str) -> None:
    own = [*(["erasure_key"] if service == "intake" else []), *(["text_secret"] if service in {"intake", "feedback"} else [])]
    for container in (service, f"{service}-migrate"):
        assert CONTAINERS[container]["secrets"] == [{"source": f"{service}_database_password", "target": "database_password"}, *own]


def test_the_secrets_that_are_made_up_are_those_that_are_asked_for_and_stay(tmp_path: Path) -> None:
    script = tmp_path / "make-secrets"
    script.write_bytes((FOLDER / "make-secrets").read_bytes())
    script.chmod(0o755)
    subprocess.run([script], check=True, capture_output=True)
    made = {file.name: file.read_text() for file in (tmp_path / "secrets").iterdir()}
    assert set(made) == set(COMPOSE["secrets"])
    assert len(set(made.values())) == len(made)
    assert all(len(password.strip()) == 64 for password in made.values())
    assert stat.S_IMODE((tmp_path / "secrets").stat().st_mode) == 0o700

    (tmp_path / "secrets" / "intake_database_password").unlink()
    subprocess.run([script], check=True, capture_output=True)
    again = {file.name: file.read_text() for file in (tmp_path / "secrets").iterdir()}
    assert {name for name in made if made[name] != again[name]} == {"intake_database_password"}


def test_only_data_outlives_a_container() -> None:
    mounted = [(name, volume) for name, container in CONTAINERS.items() for volume in container.get("volumes", ())]
    writable = {name: volume.partition(":")[0] for name, volume in mounted if not volume.endswith(":ro")}
    assert writable == {"postgres": "postgres-data", "kafka": "kafka-data", "issuer": "issuer-key"}
    assert set(writable.values()) == set(COMPOSE["volumes"])


def test_the_gateway_reaches_neither_database_nor_broker_which_reach_nothing() -> None:
    assert COMPOSE["networks"]["back"] == {"internal": True}
    assert {name for name, container in CONTAINERS.items() if container["networks"] == ["front"]} == {"gateway", "issuer"}
    assert {name for name, container in CONTAINERS.items() if container["networks"] == ["back"]} == {"postgres", "kafka", "auditor", *JOBS}


def test_as_many_instances_as_a_topic_has_partitions_are_what_the_examples_say() -> None:
    assert {topic.partitions for topic in TOPICS} == {3}
    assert "three partitions" in (FOLDER / "production.env").read_text()


def test_every_service_has_a_module_that_can_be_run() -> None:
    assert all(import_module(f"{service}.app").build for service in SERVICES)


@pytest.mark.parametrize("container", [name for name, one in CONTAINERS.items() if one["image"].startswith("fullcircle-operations")])
def test_what_a_container_of_the_operators_image_runs_is_let_into_it(container: str) -> None:
    described = CONTAINERS[container]
    module = [*described.get("entrypoint", []), *described["command"]][2].replace(".", "/")
    let_in = [line.removeprefix("!") for line in (CHECKOUT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    [file] = [file for file in (f"{module}.py", f"{module}/__main__.py") if (CHECKOUT / file).exists()]
    assert any(file == one or file.startswith(f"{one}/") for one in let_in), f"{file} does not get into the image"


# The gateway


def directive(name: str) -> str:
    (value,) = set(re.findall(rf"^\s+{name} ([^;]+);", NGINX, re.MULTILINE))
    return str(value)


@pytest.mark.parametrize("name", ["client_header_timeout", "client_body_timeout", "send_timeout", "keepalive_timeout"])
def test_the_gateway_waits_for_no_client_longer_than_ten_seconds(name: str) -> None:
    assert int(directive(name).removesuffix("s")) <= 10


def test_the_gateway_takes_no_larger_body_than_the_services() -> None:
    assert directive("client_max_body_size") == f"{limits.MAX_BODY_BYTES // 1024**2}m"


def test_the_gateway_bounds_rates_and_connections_and_says_when_to_come_back() -> None:
    assert directive("limit_req_status") == directive("limit_conn_status") == "429"
    assert re.search(r"429 1;\s+503 5;", NGINX)
    blocks = re.findall(r"location (/\S*) \{(.*?)\n        \}", NGINX, re.DOTALL)
    assert {place: "limit_req zone=" in block for place, block in blocks} == {
        "/intake/v1/webhooks/": True,
        **{f"/{service}/": True for service in SERVICES},
        "/": True,
    }


def test_the_gateway_leads_to_every_service_at_its_port() -> None:
    for service, port in PORTS.items():
        assert f"set $service http://{service}:{port};\n            rewrite ^/{service}(/.*)$ $1 break;" in NGINX
    assert (
        f"set $service http://issuer:{CONTAINERS['issuer']['environment']['FULLCIRCLE_PORT']};"
        in (FOLDER / "gateway" / "development" / "issuer.conf").read_text()
    )


def test_figures_never_pass_the_gateway() -> None:
    (pattern,) = re.findall(r"location ~ (\^\S+) \{\s+return 404;", NGINX)
    refused = ["/metrics", "/metrics/", *(f"/{service}/metrics" for service in SERVICES)]
    assert all(re.match(pattern, path) for path in refused)
    assert not re.match(pattern, "/reporting/v1/metrics")


def test_only_webhooks_are_tried_twice_once_an_instance_may_have_begun() -> None:
    assert len(re.findall("non_idempotent", NGINX)) == 1
    assert re.search(r"location /intake/v1/webhooks/ \{[^}]*non_idempotent", NGINX)


@pytest.mark.parametrize("mode", MODES)
def test_only_development_has_a_door_to_the_issuer(mode: str) -> None:
    assert ("proxy_pass" in (FOLDER / "gateway" / mode / "issuer.conf").read_text()) is (mode == "development")
