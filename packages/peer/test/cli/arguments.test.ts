import { describe, expect, it } from 'vitest';
import { byteCount, deviceSelection } from '../../src/cli/arguments.js';

describe('--device', () => {
  it.each([
    ['auto', { device: 'auto' }],
    ['cpu', { device: 'cpu' }],
    ['cuda', { device: 'cuda' }],
    ['cuda:0', { device: 'cuda', deviceIndex: 0 }],
    ['vulkan:12', { device: 'vulkan', deviceIndex: 12 }],
  ])('takes %s', (text, expected) => {
    expect(deviceSelection(text)).toEqual(expected);
  });

  it.each(['', 'gpu', 'auto:0', 'cpu:1', 'cuda:', 'cuda:-1', 'cuda:x', 'CUDA', 'cuda:1:2'])(
    'refuses "%s"',
    (text) => {
      expect(() => deviceSelection(text)).toThrow('one device like cuda:0');
    },
  );
});

describe('a number of bytes', () => {
  it.each([
    ['0', 0],
    ['1234', 1234],
    ['512M', 512 * 1024 ** 2],
    ['1.5G', 1.5 * 1024 ** 3],
    ['6GiB', 6 * 1024 ** 3],
    ['64kb', 64 * 1024],
  ])('can be %s', (text, expected) => {
    expect(byteCount(text)).toBe(expected);
  });

  it.each(['', 'G', '-1G', '6T', '1e9', 'six'])('cannot be "%s"', (text) => {
    expect(() => byteCount(text)).toThrow('6G or 512M');
  });
});
