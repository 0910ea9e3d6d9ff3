import { connect, type Sentry } from "sentryintegration";
import { AbstractStartedContainer, GenericContainer, type StartedTestContainer, Wait } from "testcontainers";

const PORT = 8969;

export class SentryContainer extends GenericContainer {
  constructor(
    image = "sentryintegration",
    readonly token = "only-for-tests",
  ) {
    super(image);
    this.withExposedPorts(PORT);
    this.withEnvironment({ SENTRYINTEGRATION_TOKEN: token });
    this.withWaitStrategy(Wait.forHttp("/readyz", PORT));
  }

  override async start(): Promise<StartedSentryContainer> {
    return new StartedSentryContainer(await super.start(), this.token);
  }
}

export class StartedSentryContainer extends AbstractStartedContainer {
  constructor(
    started: StartedTestContainer,
    readonly token: string,
  ) {
    super(started);
  }

  get url(): string {
    return `http://${this.getHost()}:${this.getMappedPort(PORT)}`;
  }

  /** Ask it: `(await container.connect()).inbox()`. */
  connect(): Promise<Sentry> {
    return connect(this.url, { token: this.token });
  }
}
