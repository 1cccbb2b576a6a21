// The life of a parcel. A status may only move along these arrows; carriers send events late, twice and out of order.

export const TRANSITIONS = {
  label_created: ['picked_up', 'cancelled'],
  picked_up: ['in_transit'],
  in_transit: ['in_transit', 'out_for_delivery', 'held'],
  held: ['in_transit', 'returned'],
  out_for_delivery: ['delivered', 'held'],
  delivered: [],
  returned: [],
  cancelled: [],
};

export const isStatus = (status) => Object.hasOwn(TRANSITIONS, status);

export const canMove = (from, to) => TRANSITIONS[from].includes(to);
