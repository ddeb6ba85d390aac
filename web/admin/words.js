// What the page says, in English and Korean.

/** @type {Record<string, Record<string, string>>} */
export const WORDS = {
  en: {
    admin: 'Admin',
    title: 'What goes on here',
    other_language: '한국어',
    sign_in_title: 'Sign in',
    sign_in_text: 'With the token in admin.token_file. It is kept until you close this tab.',
    token: 'Token',
    sign_in: 'Sign in',
    sign_out: 'Sign out',
    wrong_token: 'That is not the token.',
    live: 'Live',
    unreachable: 'The server does not answer. Trying again …',
    sessions: 'Connected',
    sessions_away: 'Away',
    rooms: 'Rooms',
    members: 'In rooms',
    waiting: 'In lobbies',
    messages_sent: 'Messages sent',
    bytes_sent: 'Data sent',
    filter: 'Find a room',
    no_rooms: 'Nobody is in a room.',
    no_match: 'No room has that name.',
    more: 'There are more rooms than are shown here.',
    people: '{count} of {capacity}',
    in_lobby: '{count} waiting',
    locked: 'Locked',
    lobby: 'Lobby',
    password: 'Password',
    since: 'since {time}',
    end_room: 'End room',
    end_title: 'End “{room}”?',
    end_text: 'Everybody is sent out, and what is relayed for them stops.',
    kick: 'Put out',
    kick_title: 'Put {name} out?',
    kick_text: 'They leave “{room}” at once, and what is relayed for them stops.',
    kick_label: 'Put {name} out of {room}',
    end_label: 'End room {room}',
    ban: 'Keep them out',
    ban_none: 'No, they may come back',
    ban_600: '10 minutes',
    ban_3600: '1 hour',
    ban_86400: '24 hours',
    message: 'Message to them (optional)',
    cancel: 'Cancel',
    away: 'Away',
    nameless: 'No name',
    role_host: 'Host',
    role_moderator: 'Moderator',
    role_member: 'Member',
    role_viewer: 'Viewer',
    done_kick: '{name} is out.',
    done_end: '“{room}” has ended.',
    failed: 'That did not work: {reason}',
  },
  ko: {
    admin: '관리',
    title: '지금 상황',
    other_language: 'English',
    sign_in_title: '로그인',
    sign_in_text: 'admin.token_file에 있는 토큰을 입력하세요. 이 탭을 닫을 때까지 보관됩니다.',
    token: '토큰',
    sign_in: '로그인',
    sign_out: '로그아웃',
    wrong_token: '토큰이 맞지 않습니다.',
    live: '실시간',
    unreachable: '서버가 응답하지 않습니다. 다시 시도하는 중 …',
    sessions: '접속',
    sessions_away: '자리 비움',
    rooms: '방',
    members: '참여자',
    waiting: '대기자',
    messages_sent: '보낸 메시지',
    bytes_sent: '보낸 데이터',
    filter: '방 찾기',
    no_rooms: '방에 아무도 없습니다.',
    no_match: '그런 이름의 방이 없습니다.',
    more: '여기 보이는 것보다 방이 더 많습니다.',
    people: '{capacity}명 중 {count}명',
    in_lobby: '{count}명 대기 중',
    locked: '잠김',
    lobby: '대기실',
    password: '비밀번호',
    since: '{time}부터',
    end_room: '방 끝내기',
    end_title: '“{room}” 방을 끝낼까요?',
    end_text: '모두 방에서 나가게 되고 중계도 멈춥니다.',
    kick: '내보내기',
    kick_title: '{name} 님을 내보낼까요?',
    kick_text: '“{room}” 방에서 바로 나가게 되고 중계도 멈춥니다.',
    kick_label: '{room} 방에서 {name} 님 내보내기',
    end_label: '{room} 방 끝내기',
    ban: '다시 들어오지 못하게',
    ban_none: '아니요, 다시 들어올 수 있음',
    ban_600: '10분',
    ban_3600: '1시간',
    ban_86400: '24시간',
    message: '전할 말 (선택)',
    cancel: '취소',
    away: '자리 비움',
    nameless: '이름 없음',
    role_host: '호스트',
    role_moderator: '진행자',
    role_member: '참여자',
    role_viewer: '시청자',
    done_kick: '{name} 님을 내보냈습니다.',
    done_end: '“{room}” 방을 끝냈습니다.',
    failed: '실패했습니다: {reason}',
  },
};

const KEY = 'noom-admin-language';
let language = localStorage.getItem(KEY) ?? (navigator.language.startsWith('ko') ? 'ko' : 'en');
if (!(language in WORDS)) language = 'en';

/** @param {string} key @param {Record<string, string | number>} [values] */
export function word(key, values = {}) {
  return WORDS[language][key].replaceAll(/\{(\w+)\}/g, (_, name) => String(values[name]));
}

/** Says it where the markup names it. */
export function speak() {
  document.documentElement.lang = language;
  for (const element of document.querySelectorAll('[data-word]')) element.textContent = word(/** @type {HTMLElement} */ (element).dataset.word ?? '');
  for (const input of document.querySelectorAll('input[type=search]')) input.setAttribute('placeholder', word('filter'));
}

export function switchLanguage() {
  language = language === 'en' ? 'ko' : 'en';
  localStorage.setItem(KEY, language);
  speak();
}

/** @param {number} seconds since 1970 */
export function timeOf(seconds) {
  const date = new Date(seconds * 1000);
  const today = date.toDateString() === new Date().toDateString();
  return new Intl.DateTimeFormat(language, today ? { timeStyle: 'short' } : { dateStyle: 'medium', timeStyle: 'short' }).format(date);
}

/** @param {number} count */
export function countOf(count) {
  return new Intl.NumberFormat(language, { notation: count >= 100_000 ? 'compact' : 'standard' }).format(count);
}

/** @param {number} bytes */
export function bytesOf(bytes) {
  const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'];
  let step = 0;
  while (bytes >= 1000 && step < units.length - 1) {
    bytes /= 1000;
    step += 1;
  }
  return new Intl.NumberFormat(language, { style: 'unit', unit: units[step], unitDisplay: 'short', maximumFractionDigits: bytes < 10 && step > 0 ? 1 : 0 }).format(bytes);
}
