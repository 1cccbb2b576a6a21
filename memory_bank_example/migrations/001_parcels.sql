CREATE TABLE parcels (
  tracking_number text PRIMARY KEY,
  recipient_postcode text NOT NULL,
  weight_grams integer NOT NULL CHECK (weight_grams > 0),
  status text NOT NULL DEFAULT 'label_created',
  created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE parcel_events (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tracking_number text NOT NULL REFERENCES parcels (tracking_number),
  status text NOT NULL,
  location text NOT NULL,
  occurred_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX parcel_events_by_parcel ON parcel_events (tracking_number, occurred_at);
