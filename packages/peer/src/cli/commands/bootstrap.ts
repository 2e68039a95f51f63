import { createDirectory, createSkeinNode, loadIdentity } from '@skein/client/network';
import { interruption, untilAborted } from '../interruption.js';
import { createOutput, painter } from '../output.js';

export interface BootstrapOptions {
  readonly json: boolean;
  readonly bootstrap?: readonly string[];
  readonly listen?: readonly string[];
  readonly identity?: string;
}

const listenDefault = ['/ip4/0.0.0.0/tcp/4001', '/ip4/0.0.0.0/tcp/4002/ws'];

/** `skein bootstrap`: a meeting point. It serves the DHT and the directory, and hosts no blocks. */
export async function runBootstrap(options: BootstrapOptions): Promise<void> {
  const output = createOutput(options);
  const paint = painter(output.decorated);
  const signal = interruption();
  const bootstrap = options.bootstrap ?? [];
  const node = await createSkeinNode({
    listen: options.listen ?? listenDefault,
    bootstrap,
    mode: 'peer',
    ...(options.identity === undefined ? {} : { privateKey: await loadIdentity(options.identity) }),
  });
  const directory = createDirectory({ node, bootstrap });
  try {
    await node.start();
    await directory.start();
    if (bootstrap.length > 0) await directory.refresh({ signal });
    output.say(`${paint.green('Ready.')} Others join through:`);
    for (const address of node.multiaddrs) output.say(`  ${address}`);
    output.event({ event: 'ready', peerId: node.peer, multiaddrs: node.multiaddrs });
    directory.onChange(({ kind, record }) => {
      const { name, span } = record.body;
      output.say(paint.dim(`${name || record.peerId} ${kind}: blocks ${span.start}:${span.end}`));
      output.event({ event: `peer-${kind}`, peer: record.peerId, name, span });
    });
    await untilAborted(signal);
    output.say('Stopping.');
  } finally {
    await directory.stop();
    await node.stop();
  }
}
