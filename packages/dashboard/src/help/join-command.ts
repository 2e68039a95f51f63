import type { JoinHelp } from '@skein/protocol/http-api';

/** A shell takes these as they are. */
const plainWord = /^[\w@%+=:,./-]+$/;

/**
 * The command that gives the swarm what it needs most, as it can be typed. Without `--blocks` the
 * peer would choose by itself; with it, it stays.
 */
export function joinCommand(join: JoinHelp, options: { readonly isPinned: boolean }): string {
  const { weakest, bootstrap } = join;
  const words = ['pnpm skein peer', `--model ${quoted(weakest?.model.name ?? '<folder or file>')}`];
  if (options.isPinned && weakest !== null) {
    words.push(`--blocks ${weakest.span.start}:${weakest.span.end}`);
  }
  const addresses = bootstrap.length > 0 ? bootstrap.map(quoted) : ['<address of a member>'];
  for (const address of addresses) words.push(`--bootstrap ${address}`);
  return words.join(' \\\n  ');
}

/** Names of models come from strangers: none may become a second command. */
function quoted(word: string): string {
  if (word.startsWith('<') || plainWord.test(word)) return word;
  return `'${word.replaceAll("'", "'\\''")}'`;
}
