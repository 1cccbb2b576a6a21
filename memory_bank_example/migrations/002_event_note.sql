-- Nullable on purpose: the release before this one goes on writing events without a note.
ALTER TABLE parcel_events ADD COLUMN note text;
