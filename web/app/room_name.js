// Names of rooms: which are allowed, and readable new ones. Three words of 32 and a number give 29 bits: easy to say, hard to hit.

const QUALITIES = ['amber', 'bold', 'brisk', 'calm', 'clear', 'cosy', 'crisp', 'deep', 'early', 'fair', 'fresh', 'gentle', 'glad', 'golden', 'green', 'happy',
  'keen', 'kind', 'light', 'lively', 'lucky', 'mellow', 'merry', 'mild', 'neat', 'noble', 'proud', 'quiet', 'sunny', 'swift', 'warm', 'wise'];
const PLACES = ['autumn', 'bay', 'breeze', 'cloud', 'coast', 'creek', 'dawn', 'field', 'forest', 'garden', 'grove', 'harbour', 'hill', 'island', 'lake', 'meadow',
  'moon', 'morning', 'mountain', 'ocean', 'orchard', 'pine', 'plain', 'rain', 'river', 'shore', 'sky', 'snow', 'spring', 'summer', 'valley', 'winter'];
const ANIMALS = ['badger', 'bear', 'beaver', 'crane', 'deer', 'dolphin', 'dove', 'eagle', 'falcon', 'finch', 'fox', 'hare', 'heron', 'horse', 'koala', 'lark',
  'lion', 'lynx', 'magpie', 'marten', 'otter', 'owl', 'panda', 'puffin', 'robin', 'seal', 'sparrow', 'squirrel', 'swan', 'tiger', 'whale', 'wren'];

/**
 * What noom.v1 allows.
 * @param {string} name
 */
export function isRoomName(name) {
  return /^[A-Za-z0-9._~-]{1,64}$/.test(name);
}

export function newRoomName() {
  const [a = 0, b = 0, c = 0, d = 0, e = 0] = crypto.getRandomValues(new Uint8Array(5));
  const number = ((d << 8) | e) % 10_000;
  return [QUALITIES[a % 32], PLACES[b % 32], ANIMALS[c % 32], String(number).padStart(4, '0')].join('-');
}
