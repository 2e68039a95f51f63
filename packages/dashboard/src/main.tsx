import '@skein/look/look.css';
import './dashboard.css';
import { startTheme } from '@skein/look';
import { render } from 'preact';
import { App } from './app.js';
import { startLive } from './state/live.js';

startTheme();
startLive();
const page = document.getElementById('page');
if (page === null) throw new Error('The page has no place for the app.');
render(<App />, page);
