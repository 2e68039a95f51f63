import { marked, type Token } from 'marked';
import { Component } from 'preact';
import { chatLimits } from '../chat-limits.js';
import { BlockView } from './blocks.js';

/**
 * An answer's markdown. What a model writes is hostile: it becomes elements of our own choice and
 * text, never HTML, and pictures, which would be asked of strangers, become links.
 */
export function Markdown({ text }: { readonly text: string }) {
  const tokens = lex(text);
  if (tokens === null) return <p class="plain">{text}</p>;
  return (
    <div class="markdown">
      {tokens.map((token, index) => (
        // The place is the identity: text is only ever added at the end.
        <Settled key={`${index}${token.type}`} token={token} />
      ))}
    </div>
  );
}

/** Blocks that were written before are not laid out anew with each token that follows them. */
class Settled extends Component<{ readonly token: Token }> {
  override shouldComponentUpdate(next: { readonly token: Token }) {
    return next.token.raw !== this.props.token.raw;
  }

  override render({ token }: { readonly token: Token }) {
    return <BlockView token={token} depth={0} />;
  }
}

/** Null for text that is too long, or that the parser gives up on. */
function lex(text: string): readonly Token[] | null {
  if (text.length > chatLimits.markdownCharactersMax) return null;
  try {
    return marked.lexer(text, { gfm: true, breaks: true });
  } catch {
    return null;
  }
}
