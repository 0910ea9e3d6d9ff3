from testcontainers.core.container import DockerContainer
from testcontainers.core.wait_strategies import HttpWaitStrategy

PORT = 8969


class SentryContainer(DockerContainer):
    """A fake Sentry: ``with SentryContainer() as sentry: ... sentry.url, sentry.dsn()``."""

    def __init__(self, image: str = "sentryintegration", token: str = "only-for-tests") -> None:
        super().__init__(image)
        self.token = token
        self.with_exposed_ports(PORT)
        self.with_env("SENTRYINTEGRATION_TOKEN", token)
        self.waiting_for(HttpWaitStrategy(PORT, "/readyz"))

    @property
    def address(self) -> str:
        """Where this machine reaches it."""
        return f"{self.get_container_host_ip()}:{self.get_exposed_port(PORT)}"

    @property
    def url(self) -> str:
        """Where to ask, with the token."""
        return f"http://{self.address}"

    def dsn(self, project_id: int = 1) -> str:
        """Return what an application on this machine reports to."""
        return f"http://5e27be7a8d1c4f0e9b3a6c5d2f184e70@{self.address}/{project_id}"
