import { createClient } from 'redis';

export async function connectCache({ redisUrl }, log) {
  const client = createClient({ url: redisUrl, socket: { connectTimeout: 2000 }, disableOfflineQueue: true });
  client.on('error', (error) => log.warn({ err: error }, 'redis'));
  // Not awaited to the end: the service starts and serves without its cache, the client goes on trying.
  client.connect().catch(() => {});
  return client;
}

// Reads through the cache. Redis is a help, never a condition: where it fails, the database answers.
export function cachedParcels(store, client, ttlSeconds, log) {
  const key = (trackingNumber) => `parcel:${trackingNumber}`;

  async function attempt(what, work) {
    try {
      return await work();
    } catch (error) {
      log.warn({ err: error }, `cache ${what} failed`);
      return null;
    }
  }

  return {
    create: (parcel) => store.create(parcel),

    async find(trackingNumber) {
      const hit = await attempt('read', () => client.get(key(trackingNumber)));
      if (hit) return JSON.parse(hit);
      const parcel = await store.find(trackingNumber);
      if (parcel) await attempt('write', () => client.set(key(trackingNumber), JSON.stringify(parcel), { EX: ttlSeconds }));
      return parcel;
    },

    async addEvent(trackingNumber, event) {
      const added = await store.addEvent(trackingNumber, event);
      await attempt('delete', () => client.del(key(trackingNumber)));
      return added;
    },
  };
}
