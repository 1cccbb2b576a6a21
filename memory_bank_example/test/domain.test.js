import assert from 'node:assert/strict';
import { test } from 'node:test';

import { TRANSITIONS, canMove, isStatus } from '../src/status.js';
import { isTrackingNumber, newTrackingNumber } from '../src/tracking-number.js';

test('a parcel takes the usual way to the door', () => {
  const way = ['label_created', 'picked_up', 'in_transit', 'out_for_delivery', 'delivered'];
  way.slice(1).forEach((status, step) => assert.ok(canMove(way[step], status)));
});

test('a delivered parcel moves no more', () => {
  for (const status of Object.keys(TRANSITIONS)) assert.equal(canMove('delivered', status), false);
});

test('every status that can be reached is a status', () => {
  for (const next of Object.values(TRANSITIONS).flat()) assert.ok(isStatus(next));
});

test('what every object has is no status', () => {
  assert.equal(isStatus('constructor'), false);
});

test('a new tracking number is valid', () => {
  for (const value of [0, 7, 123_456_789, 999_999_999]) assert.ok(isTrackingNumber(newTrackingNumber(() => value)));
});

test('one wrong digit is noticed', () => {
  const number = newTrackingNumber(() => 123_456_789);
  for (let at = 2; at < number.length; at += 1) {
    const wrong = number.slice(0, at) + ((Number(number[at]) + 1) % 10) + number.slice(at + 1);
    assert.equal(isTrackingNumber(wrong), false);
  }
});
