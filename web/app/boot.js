// Runs before the first paint, as a classic script: theme and language as last chosen, so that nothing flashes.
// Everything else is in main.js.
(() => {
  const root = document.documentElement;
  /** @type {{theme?: string, language?: string}} */
  let saved = {};
  try {
    saved = JSON.parse(localStorage.getItem('noom.settings') ?? '{}');
  } catch {
    // Storage is off or holds something else: the defaults do.
  }
  if (saved.theme === 'light' || saved.theme === 'dark') root.dataset.theme = saved.theme;
  const asked = [saved.language, ...navigator.languages].map((language) => String(language).slice(0, 2));
  root.lang = asked.find((language) => language === 'en' || language === 'ko') ?? 'en';
})();
