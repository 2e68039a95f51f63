import { yamux } from '@chainsafe/libp2p-yamux';
import { StreamState, type YamuxStream } from '@chainsafe/libp2p-yamux/stream';
import type { Uint8ArrayList } from 'uint8arraylist';

type YamuxOptions = Parameters<typeof yamux>[0];
type Muxer = ReturnType<ReturnType<ReturnType<typeof yamux>>['createStreamMuxer']>;

/** What of the muxer and its streams is used here, and is private to them. */
interface MuxerInside {
  _newStream(...args: readonly unknown[]): YamuxStream;
  send(frame: Frame): boolean;
}
interface StreamInside {
  state: StreamState;
  readonly recvWindow: number;
  readonly recvWindowCapacity: number;
  sendWindowUpdate(): void;
}
type Frame = Uint8Array | Uint8ArrayList;

/** Frames up to this size are copied into one piece, which costs less than a write of its own. */
const joinedBytesMax = 64 * 1024;

/**
 * yamux with a third of the writes, for streams of small messages. Each write costs a system call and
 * a TLS record, and wakes the process at the other end. The package writes the head and the body of a
 * message apart, and the receiver answers each with the window that it used up. Here a message is one
 * write, and the window is given back when half of it is used up, as Go's yamux does.
 *
 * @see https://github.com/hashicorp/yamux/blob/master/spec.md
 */
export function frugalYamux(options: YamuxOptions): ReturnType<typeof yamux> {
  const createFactory = yamux(options);
  return (...components) => {
    const factory = createFactory(...components);
    const createStreamMuxer = factory.createStreamMuxer.bind(factory);
    factory.createStreamMuxer = (connection) => makeFrugal(createStreamMuxer(connection));
    return factory;
  };
}

function makeFrugal(muxer: Muxer): Muxer {
  const inside = muxer as unknown as MuxerInside;
  const newStream = inside._newStream.bind(muxer);
  inside._newStream = (...args) => {
    const stream = newStream(...args);
    sendUpdatesLazily(stream as unknown as StreamInside);
    return stream;
  };
  const send = inside.send.bind(muxer);
  inside.send = (frame) => send(joined(frame));
  return muxer;
}

function sendUpdatesLazily(stream: StreamInside): void {
  const sendWindowUpdate = stream.sendWindowUpdate.bind(stream);
  stream.sendWindowUpdate = () => {
    // Before that, the first update carries the flags that open the stream.
    const isEstablished = stream.state === StreamState.Established;
    if (isEstablished && stream.recvWindowCapacity > stream.recvWindow / 2) return;
    sendWindowUpdate();
  };
}

function joined(frame: Frame): Frame {
  return frame.byteLength > joinedBytesMax ? frame : frame.subarray();
}
