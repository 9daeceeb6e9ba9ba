"""What a server shows to its clients, and whose certificates it believes."""

import ssl
from dataclasses import dataclass

__all__ = ["Tls"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """How a server speaks TLS. Everything is PEM.

    Attributes:
        certificate: Of the server, followed by those of authorities between it and the
            one that clients know.
        key: Its private key.
        client_ca: Authorities of client certificates. A client need not show one; one
            that another authority signed ends the handshake. Empty: none is asked for.
    """

    certificate: bytes
    key: bytes
    client_ca: bytes = b""

    def context(self) -> ssl.SSLContext:
        """Return a context for the server's sockets; reads and writes a file.

        Raises:
            ValueError: Certificate and key do not belong together, or are no PEM.
        """
        from tempfile import NamedTemporaryFile  # noqa: PLC0415  # 4 ms

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        # Clients that would rather speak HTTP/2 learn here that they cannot.
        context.set_alpn_protocols(["http/1.1"])
        try:
            # ssl reads them from files alone; this one its owner alone can read.
            with NamedTemporaryFile() as file:
                file.write(self.certificate + b"\n" + self.key)
                file.flush()
                # The empty password keeps OpenSSL from asking on the terminal.
                context.load_cert_chain(file.name, password=b"")
            if self.client_ca:
                context.verify_mode = ssl.CERT_OPTIONAL
                context.load_verify_locations(
                    cadata=self.client_ca.decode("ascii", "ignore")
                )
        except ssl.SSLError as error:
            raise ValueError(
                f"the server's certificate cannot be used: {error}; check that it and "
                "its key are PEM and belong together"
            ) from error
        return context
