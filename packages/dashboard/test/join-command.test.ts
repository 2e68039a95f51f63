import { execFileSync } from 'node:child_process';
import type { JoinHelp } from '@skein/protocol/http-api';
import { describe, expect, it } from 'vitest';
import { joinCommand } from '../src/help/join-command.js';

const join: JoinHelp = {
  bootstrap: [
    '/ip4/203.0.113.7/tcp/4001/p2p/12D3KooWA',
    '/dns4/a.example/tcp/443/wss/p2p/12D3KooWB',
  ],
  isPrivate: false,
  weakest: { model: { hash: 'ab', name: 'Qwen/Qwen3-8B' }, span: { start: 17, end: 24 }, peers: 1 },
};

describe('joinCommand', () => {
  it('has the weakest blocks and all addresses', () => {
    expect(joinCommand(join, { isPinned: true })).toBe(
      [
        'pnpm skein peer',
        '--model Qwen/Qwen3-8B',
        '--blocks 17:24',
        '--bootstrap /ip4/203.0.113.7/tcp/4001/p2p/12D3KooWA',
        '--bootstrap /dns4/a.example/tcp/443/wss/p2p/12D3KooWB',
      ].join(' \\\n  '),
    );
  });

  it('leaves the choice to the peer', () => {
    expect(joinCommand(join, { isPinned: false })).not.toContain('--blocks');
  });

  it('says what is missing where nothing is known', () => {
    const empty = { bootstrap: [], isPrivate: false, weakest: null };
    const command = joinCommand(empty, { isPinned: true });
    expect(command).toContain('--model <folder or file>');
    expect(command).toContain('--bootstrap <address of a member>');
  });

  it.each(["a'; touch taken; '", '$(touch taken)', '`touch taken`', 'a b', 'a\nb', '-x "'])(
    'makes one word of a name like %j',
    (name) => {
      const hostile = { ...join, weakest: { ...join.weakest, model: { hash: 'ab', name } } };
      const command = joinCommand(hostile as JoinHelp, { isPinned: true });
      const script = command.replace('pnpm skein peer', 'printf "%s\\0"');
      const words = execFileSync('sh', ['-c', script], { encoding: 'utf8' }).split('\0');
      expect(words.slice(0, 3)).toEqual(['--model', name, '--blocks']);
    },
  );
});
