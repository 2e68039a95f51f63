import type * as z from 'zod';
import { SkeinError } from './errors.js';
import type { Frame } from './frame-reader.js';
import { packHeader, unpackHeader } from './header-codec.js';
import { limits } from './limits.js';
import type { TensorLayout } from './messages/common.js';
import { parseMessage } from './parse-message.js';
import { byteLengthOf, type Tensor, type TensorType } from './tensor.js';
import { varintLength, writeVarint } from './varint.js';

export { type Frame, FrameReader } from './frame-reader.js';

/** A message with its tensors, checked. */
export interface Received<Message> {
  readonly message: Message;
  readonly tensors: readonly Tensor[];
}

/**
 * Encodes a message as byte pieces to be sent in order: a prefix with the header, then the
 * tensors' own bytes, which are not copied: they must not change until they were sent. A
 * `tensors` layout field is added to the header, replacing one that the message has.
 *
 * @throws SkeinError `bad-argument` when a tensor's bytes do not match its shape or the message
 *   cannot be packed, `limit-exceeded` when the frame would be refused for its size
 */
export function encodeFrame(message: object, tensors?: readonly Tensor[]): Uint8Array[] {
  let bodyBytes = 0;
  for (const tensor of tensors ?? []) {
    checkTensor(tensor);
    bodyBytes += tensor.bytes.byteLength;
  }
  if (bodyBytes > limits.bodyBytesMax) {
    throw new SkeinError(
      'limit-exceeded',
      `tensors of ${bodyBytes} bytes; at most ${limits.bodyBytesMax} are allowed`,
    );
  }
  const layouts = tensors?.map((tensor) => [tensor.type, ...tensor.shape]);
  const header = packHeader(layouts === undefined ? message : { ...message, tensors: layouts });
  return [withPrefix(header, bodyBytes), ...bodies(tensors)];
}

/** The two lengths and the header, in one piece. */
function withPrefix(header: Uint8Array, bodyBytes: number): Uint8Array {
  const headerBytes = header.byteLength;
  const prefixBytes = varintLength(headerBytes) + varintLength(bodyBytes);
  const piece = new Uint8Array(prefixBytes + headerBytes);
  const headerStart = writeVarint(piece, writeVarint(piece, 0, headerBytes), bodyBytes);
  piece.set(header, headerStart);
  return piece;
}

function bodies(tensors: readonly Tensor[] | undefined): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  for (const tensor of tensors ?? []) {
    if (tensor.bytes.byteLength > 0) pieces.push(tensor.bytes);
  }
  return pieces;
}

function checkTensor(tensor: Tensor): void {
  const expected = byteLengthOf(tensor.type, tensor.shape);
  if (expected === tensor.bytes.byteLength) return;
  throw new SkeinError(
    'bad-argument',
    `tensor ${tensor.type} [${tensor.shape.join(', ')}] takes ${expected} bytes, ` +
      `not ${tensor.bytes.byteLength}`,
  );
}

/**
 * Unpacks a frame's header under caps on size and nesting, checks it against the schema, and
 * checks that the tensors' layouts fit the body exactly. The tensors are views of the body, which
 * need not be aligned: see `float32View` and its like.
 *
 * @throws SkeinError `bad-message`
 */
export function decodeFrame<Schema extends z.ZodType>(
  schema: Schema,
  frame: Frame,
): Received<z.infer<Schema>> {
  const message = parseMessage(schema, unpackHeader(frame.header), 'message');
  const layouts = (message as { readonly tensors?: readonly TensorLayout[] }).tensors;
  return { message, tensors: cutTensors(layouts ?? [], frame.body) };
}

function cutTensors(layouts: readonly TensorLayout[], body: Uint8Array): Tensor[] {
  const tensors: Tensor[] = [];
  let offset = 0;
  for (const [type, ...shape] of layouts) {
    const byteLength = announcedBytes(type, shape);
    if (byteLength > body.byteLength - offset) {
      throw new SkeinError(
        'bad-message',
        `tensors: ${type} [${shape.join(', ')}] takes ${byteLength} bytes, ` +
          `but ${body.byteLength - offset} are left of the body`,
      );
    }
    tensors.push({ type, shape, bytes: body.subarray(offset, offset + byteLength) });
    offset += byteLength;
  }
  if (offset < body.byteLength) {
    throw new SkeinError(
      'bad-message',
      `tensors: ${body.byteLength - offset} bytes of the body belong to no tensor`,
    );
  }
  return tensors;
}

/** {@link byteLengthOf} for a layout from the network, where a bad shape is the sender's fault. */
function announcedBytes(type: TensorType, shape: readonly number[]): number {
  try {
    return byteLengthOf(type, shape);
  } catch (error) {
    throw new SkeinError('bad-message', `tensors: ${(error as Error).message}`, { cause: error });
  }
}
