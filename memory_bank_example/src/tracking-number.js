import { randomInt } from 'node:crypto';

// PT, nine digits, and a check digit by Luhn, so that a mistyped number is told apart from an unknown parcel.

const SHAPE = /^PT\d{10}$/;

export function checkDigit(digits) {
  let sum = 0;
  [...digits].reverse().forEach((digit, place) => {
    const doubled = Number(digit) * (place % 2 === 0 ? 2 : 1);
    sum += doubled > 9 ? doubled - 9 : doubled;
  });
  return String((10 - (sum % 10)) % 10);
}

export function isTrackingNumber(text) {
  return SHAPE.test(text) && text.at(-1) === checkDigit(text.slice(2, -1));
}

export function newTrackingNumber(random = randomInt) {
  const digits = String(random(1_000_000_000)).padStart(9, '0');
  return `PT${digits}${checkDigit(digits)}`;
}
