"""The custom resource: a network with one subnet, kept in OpenStack Neutron."""

from homeostat import CustomResource, Field, Spec, Status, custom_resource
from homeostat.api import Model, PrinterColumn, Time

_OCTET = r"(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_IPV4 = rf"({_OCTET}\.){{3}}{_OCTET}"

_GROUP = "[0-9a-fA-F]{1,4}"
# How many groups may stand on either side of "::", which stands for one or more.
_SHORTENED = "|".join(
    rf"({_GROUP}:){{1,{before}}}(:{_GROUP}){{1,{7 - before}}}" for before in range(1, 7)
)
_IPV6 = (
    rf"(({_GROUP}:){{7}}{_GROUP}|({_GROUP}:){{1,7}}:|{_SHORTENED}"
    rf"|:((:{_GROUP}){{1,7}}|:))"
)

MAX_TIMES = 10  # of a repair; more would say nothing more


class NetworkSpec(Spec):
    """Which addresses the network has."""

    cidr: str = Field(
        format="cidr",
        pattern=(
            rf"^({_IPV4}/([89]|[12][0-9]|30)"
            rf"|{_IPV6}/([89]|[1-9][0-9]|1[01][0-9]|12[0-6]))$"
        ),
        description="Addresses of the subnet, as 192.168.0.0/24 or fd00:1::/64.",
    )
    gateway: str = Field(
        pattern=rf"^({_IPV4}|{_IPV6})$",
        description="Address of the router within the subnet, as 192.168.0.1.",
    )


class Repair(Model):
    """What somebody else changed in Neutron, and was set back."""

    field: str = Field(description="As subnet.gateway_ip; network when it was deleted.")
    times: list[Time] = Field(
        default_factory=list[Time],
        max_items=MAX_TIMES,
        description="When it was set back, the last times.",
    )


class NetworkStatus(Status):
    """What there is of it in Neutron."""

    network_id: str = Field(default="", description="Id of the network in Neutron.")
    subnet_id: str = Field(default="", description="Id of the subnet in Neutron.")
    cidr: str = Field(default="", description="Addresses as applied.")
    gateway: str = Field(default="", description="Gateway as applied.")
    last_sync_time: Time | None = Field(
        default=None, description="When Neutron was last found or made as it should be."
    )
    repairs: list[Repair] = Field(
        default_factory=list[Repair],
        list_type="map",
        list_map_keys=["field"],
        description="What was set back lately.",
    )


@custom_resource(
    group="samplecrd.k8s.io",
    version="v1",
    short_names=["nw"],
    # The real API server wants a word about every group under k8s.io.
    annotations={"api-approved.kubernetes.io": "unapproved, an example"},
    printer_columns=[
        PrinterColumn("Cidr", ".spec.cidr"),
        PrinterColumn("Gateway", ".spec.gateway"),
        PrinterColumn("Ready", '.status.conditions[?(@.type=="Ready")].status'),
        PrinterColumn("Reason", '.status.conditions[?(@.type=="Ready")].reason'),
        PrinterColumn("Synced", ".status.lastSyncTime", "date"),
        PrinterColumn("Network-Id", ".status.networkId", priority=1),
    ],
)
class Network(CustomResource[NetworkSpec, NetworkStatus]):
    """A network in OpenStack, with one subnet."""
