// Theme and language: the two buttons at the top right.

import { byId, setIcon } from './dom.js';
import { language, localise, setLabel, setLanguage } from './i18n.js';
import { remember, settings } from './settings.js';

const THEMES = /** @type {const} */ (['auto', 'light', 'dark']);
const ICONS = { auto: 'auto', light: 'sun', dark: 'moon' };

export function startPreferences() {
  localise();
  showTheme();
  byId('theme', HTMLButtonElement).addEventListener('click', () => {
    remember({ theme: THEMES[(THEMES.indexOf(settings.theme) + 1) % THEMES.length] ?? 'auto' });
    showTheme();
  });
  byId('language', HTMLButtonElement).addEventListener('click', () => {
    const chosen = language() === 'en' ? 'ko' : 'en';
    remember({ language: chosen });
    setLanguage(chosen);
  });
}

function showTheme() {
  const { theme } = settings;
  if (theme === 'auto') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  const button = byId('theme', HTMLButtonElement);
  setIcon(button, ICONS[theme] ?? 'auto');
  setLabel(button, `theme_${theme}`);
}
