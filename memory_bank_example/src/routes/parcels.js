import { Router } from 'express';

import { badRequest, notFound } from '../errors.js';
import { isStatus } from '../status.js';
import { isTrackingNumber } from '../tracking-number.js';

const POSTCODE = /^[A-Z0-9][A-Z0-9 -]{2,9}$/;
const MAX_WEIGHT_GRAMS = 31_500;

function trackingNumberOf(request) {
  const { trackingNumber } = request.params;
  if (!isTrackingNumber(trackingNumber)) throw badRequest(`${trackingNumber} is not a tracking number`);
  return trackingNumber;
}

function parcelFrom(body) {
  const { recipientPostcode, weightGrams } = body ?? {};
  if (typeof recipientPostcode !== 'string' || !POSTCODE.test(recipientPostcode)) {
    throw badRequest('recipientPostcode must be a postcode');
  }
  if (!Number.isInteger(weightGrams) || weightGrams < 1 || weightGrams > MAX_WEIGHT_GRAMS) {
    throw badRequest(`weightGrams must be a whole number from 1 to ${MAX_WEIGHT_GRAMS}`);
  }
  return { recipientPostcode, weightGrams };
}

function eventFrom(body) {
  const { status, location, note } = body ?? {};
  if (!isStatus(status)) throw badRequest('status is not one of a parcel');
  if (typeof location !== 'string' || !location.trim()) throw badRequest('location must be a text');
  if (note !== undefined && typeof note !== 'string') throw badRequest('note must be a text');
  return { status, location: location.trim(), note };
}

export function parcelRoutes({ parcels, carrierOnly }) {
  const router = Router();

  router.post('/', carrierOnly, async (request, response) => {
    const parcel = await parcels.create(parcelFrom(request.body));
    response.status(201).location(`/api/parcels/${parcel.trackingNumber}`).json(parcel);
  });

  router.get('/:trackingNumber', async (request, response) => {
    const trackingNumber = trackingNumberOf(request);
    const parcel = await parcels.find(trackingNumber);
    if (!parcel) throw notFound(`no parcel ${trackingNumber}`);
    response.json(parcel);
  });

  router.post('/:trackingNumber/events', carrierOnly, async (request, response) => {
    const event = await parcels.addEvent(trackingNumberOf(request), eventFrom(request.body));
    response.status(201).json(event);
  });

  return router;
}
