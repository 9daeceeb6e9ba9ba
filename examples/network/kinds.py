"""The custom resource: a network with one subnet, kept in OpenStack Neutron."""

from homeostat import CustomResource, Field, Spec, Status, custom_resource
from homeostat.api import PrinterColumn, Time

_OCTET = r"(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_ADDRESS = rf"({_OCTET}\.){{3}}{_OCTET}"


class NetworkSpec(Spec):
    """Which addresses the network has."""

    cidr: str = Field(
        format="cidr",
        pattern=rf"^{_ADDRESS}/([89]|[12][0-9]|30)$",
        description="Addresses of the subnet (IPv4), as 192.168.0.0/24.",
    )
    gateway: str = Field(
        format="ipv4",
        pattern=rf"^{_ADDRESS}$",
        description="Address of the router within the subnet, as 192.168.0.1.",
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
