import { type ChildCommand, startCommand } from '@skein/peer/child-command';

/** A swarm on this machine with the model that ships, and a gateway in front of it. */
export interface DemoGateway {
  /** `http://127.0.0.1:…` */
  readonly url: string;
  readonly model: string;
  stop(): Promise<void>;
}

/** Two hosts for every block. */
const spans = ['0:4', '4:8', '0:4', '4:8'];

/** Starts the processes and waits until all are ready. */
export async function startDemoGateway(parameters: readonly string[]): Promise<DemoGateway> {
  const model = 'tiny-tales';
  const listen = ['--listen', '/ip4/127.0.0.1/tcp/0'];
  const children: ChildCommand[] = [];
  const start = async (command: readonly string[]) => {
    const child = startCommand(command);
    children.push(child);
    return await child.waitFor('ready', {});
  };
  const stop = async () => {
    await Promise.all(children.reverse().map((child) => child.stop()));
  };
  try {
    const meetingPoint = await start(['bootstrap', ...listen]);
    const [address = ''] = meetingPoint.multiaddrs as string[];
    const bootstrap = ['--bootstrap', address];
    await Promise.all(
      spans.map((span, index) =>
        start([
          ...['peer', '--model', model, '--blocks', span, '--name', `load-${index}`],
          ...['--threads', '1', '--device', 'cpu', ...listen, ...bootstrap],
        ]),
      ),
    );
    const gateway = await start(['serve', '--port', '0', ...bootstrap, ...parameters]);
    return { url: gateway.http as string, model, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
