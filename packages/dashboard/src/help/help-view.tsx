import { blocks, CopyButton, plural } from '@skein/look';
import type { JoinHelp } from '@skein/protocol/http-api';
import { head } from '../state/swarm.js';
import { joinCommand } from './join-command.js';

/** What to type to host blocks for this swarm. */
export function HelpView() {
  const join = head.value?.join;
  if (join === undefined) return null;
  const { weakest, bootstrap, isPrivate } = join;
  return (
    <section class="help" aria-labelledby="help-title">
      <h2 id="help-title">Give it a machine</h2>
      <p class="lead">{need(join)}</p>
      <ol class="steps">
        <li>
          <h3>Get Skein</h3>
          <p>
            It needs Node 20 or newer, and nothing else. In its folder,{' '}
            <code>npx -y pnpm@12.21.0 skein doctor</code> shows what your machine can compute on.
          </p>
        </li>
        <li>
          <h3>Have the model</h3>
          <p>
            {weakest === null ? 'Any model that Skein reads' : <code>{weakest.model.name}</code>}: a
            Hugging Face style folder, a <code>.gguf</code> file, or the id of a model in your
            machine’s cache. Only the bytes of your blocks are read. Where the name below is none of
            these, give the path in its place.
          </p>
        </li>
        {isPrivate && (
          <li>
            <h3>Ask for the key</h3>
            <p>
              This swarm is private: peers without its key are refused. Whoever runs it can give you
              the key or an invitation, which belongs in a file that only you can read. It is not
              shown here.
            </p>
          </li>
        )}
        <li>
          <h3>Join where it is weakest</h3>
          <Command text={joinCommand(join, { isPinned: true })} />
          <p class="note">
            Or leave the choice to the peer: it takes as many blocks as its memory allows, where
            they are needed, and moves when others need it more.
          </p>
          <Command text={joinCommand(join, { isPinned: false })} />
          {bootstrap.length === 0 && (
            <p class="note">
              This node does not show addresses of members. Whoever runs it knows one: it is printed
              when a peer starts.
            </p>
          )}
        </li>
      </ol>
      <p class="note">
        Peers see the activations that pass through them, and text can be recovered from these.
        Ctrl-C hands your sessions over and says goodbye.
      </p>
    </section>
  );
}

function need({ weakest }: JoinHelp): string {
  if (weakest === null) return 'Nobody hosts a model yet. Whoever comes first chooses one.';
  const { model, span, peers } = weakest;
  const now = peers === 0 ? 'nobody' : plural(peers, 'peer');
  const verb = span.end - span.start === 1 ? 'is' : 'are';
  return `What helps most: ${blocks(span)} of ${model.name}, which ${verb} served by ${now}.`;
}

function Command({ text }: { readonly text: string }) {
  return (
    <div class="command">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: long addresses scroll, by keyboard as well. */}
      <pre tabIndex={0}>
        <code>{text}</code>
      </pre>
      <CopyButton text={text} label="Copy the command" />
    </div>
  );
}
