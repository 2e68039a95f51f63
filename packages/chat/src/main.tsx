import '@skein/look/look.css';
import './chat.css';
import { startTheme } from '@skein/look';
import { render } from 'preact';
import { App } from './app.js';
import { keepNow } from './state/conversations.js';
import { refreshDashboard } from './state/dashboard.js';
import { refreshModels } from './state/models.js';

startTheme();
const page = document.getElementById('page');
if (page === null) throw new Error('The page has no place for the app.');
render(<App />, page);
void refreshModels();
void refreshDashboard();
// Models come and go; a person who comes back wants to see those of now.
addEventListener('focus', () => void refreshModels());
addEventListener('pagehide', keepNow);
