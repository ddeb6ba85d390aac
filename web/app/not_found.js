// 404.html: nothing but words in the right language and colours.

import { onLanguage, t } from './i18n.js';
import { startPreferences } from './preferences.js';

startPreferences();
onLanguage(showTitle);
showTitle();

function showTitle() {
  document.title = `${t('not_found_title')} · Noom`;
}
