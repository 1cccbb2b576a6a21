import { createHash, timingSafeEqual } from 'node:crypto';

import { unauthorized } from '../errors.js';

const digest = (text) => createHash('sha256').update(text).digest();

// Only carriers write. Compared by digest: equal length whatever is sent, and in constant time.
export function requireApiKey(expected) {
  const wanted = digest(expected);
  return (request, _response, next) => {
    const given = digest(request.get('x-api-key') ?? '');
    next(timingSafeEqual(given, wanted) ? undefined : unauthorized());
  };
}
