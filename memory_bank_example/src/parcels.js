import { inTransaction } from './database.js';
import { conflict, notFound } from './errors.js';
import { canMove } from './status.js';
import { newTrackingNumber } from './tracking-number.js';

// All SQL of the service. What it returns is what the API answers.

const PARCEL = `tracking_number AS "trackingNumber", recipient_postcode AS "recipientPostcode",
  weight_grams AS "weightGrams", status, created_at AS "createdAt"`;
const EVENT = 'status, location, note, occurred_at AS "occurredAt"';

export function parcelStore(pool) {
  return {
    async create({ recipientPostcode, weightGrams }) {
      const { rows } = await pool.query(
        `INSERT INTO parcels (tracking_number, recipient_postcode, weight_grams) VALUES ($1, $2, $3) RETURNING ${PARCEL}`,
        [newTrackingNumber(), recipientPostcode, weightGrams],
      );
      return { ...rows[0], events: [] };
    },

    async find(trackingNumber) {
      const parcel = await pool.query(`SELECT ${PARCEL} FROM parcels WHERE tracking_number = $1`, [trackingNumber]);
      if (parcel.rows.length === 0) return null;
      const events = await pool.query(
        `SELECT ${EVENT} FROM parcel_events WHERE tracking_number = $1 ORDER BY occurred_at, id`,
        [trackingNumber],
      );
      return { ...parcel.rows[0], events: events.rows };
    },

    async addEvent(trackingNumber, { status, location, note = null }) {
      return inTransaction(pool, async (client) => {
        // Locked, so that two events for one parcel are judged one after the other.
        const { rows } = await client.query('SELECT status FROM parcels WHERE tracking_number = $1 FOR UPDATE', [
          trackingNumber,
        ]);
        if (rows.length === 0) throw notFound(`no parcel ${trackingNumber}`);
        if (!canMove(rows[0].status, status)) throw conflict(`a parcel cannot go from ${rows[0].status} to ${status}`);
        await client.query('UPDATE parcels SET status = $2 WHERE tracking_number = $1', [trackingNumber, status]);
        const event = await client.query(
          `INSERT INTO parcel_events (tracking_number, status, location, note) VALUES ($1, $2, $3, $4) RETURNING ${EVENT}`,
          [trackingNumber, status, location, note],
        );
        return event.rows[0];
      });
    },
  };
}
