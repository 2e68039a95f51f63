import { Mark, ThemeSwitch } from '@skein/look';
import { useEffect, useRef } from 'preact/hooks';
import { EventsView } from './events/events-view.js';
import { FlowView } from './flow/flow-view.js';
import { Headline } from './head/headline.js';
import { HelpView } from './help/help-view.js';
import { HistoryView } from './history/history-view.js';
import { MapView } from './map/map-view.js';
import { PeerView } from './peer/peer-view.js';
import { addressOf, place, type View, views } from './state/place.js';

const titles: Readonly<Record<View, string>> = {
  map: 'Map',
  flow: 'Flow',
  history: 'History',
  events: 'Events',
  help: 'Help',
};

/** The whole page: a head that stays, and one of the views. */
export function App() {
  const main = useRef<HTMLElement>(null);
  const isFirst = useRef(true);
  const here = place.value;
  const view = 'view' in here ? here.view : null;
  useEffect(() => {
    document.title = `Skein: ${view === null ? 'a peer' : titles[view].toLowerCase()}`;
    // Who moves by keyboard goes on where the page goes on.
    if (!isFirst.current) {
      main.current?.focus({ preventScroll: true });
      scrollTo(0, 0);
    }
    isFirst.current = false;
  }, [view]);
  return (
    <div class="page">
      <header class="top">
        <a class="brand" href="#/">
          <Mark />
          <span>Skein</span>
        </a>
        <nav aria-label="Views">
          <ul>
            {views.map((name) => (
              <li key={name}>
                <a href={addressOf(name)} aria-current={name === view ? 'page' : undefined}>
                  {titles[name]}
                  {name === 'help' && <span class="more"> the swarm</span>}
                </a>
              </li>
            ))}
          </ul>
        </nav>
        <ThemeSwitch />
      </header>
      <main ref={main} tabIndex={-1}>
        {'peer' in here ? (
          <PeerView key={here.peer} id={here.peer} />
        ) : (
          <>
            <Headline isWhole={view === 'map'} />
            <Content view={here.view} />
          </>
        )}
      </main>
    </div>
  );
}

function Content({ view }: { readonly view: View }) {
  switch (view) {
    case 'map':
      return <MapView />;
    case 'flow':
      return <FlowView />;
    case 'history':
      return <HistoryView />;
    case 'events':
      return <EventsView />;
    case 'help':
      return <HelpView />;
  }
}
