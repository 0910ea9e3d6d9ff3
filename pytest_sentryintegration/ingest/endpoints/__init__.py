"""The endpoints: each takes a `call.Call` and returns the envelopes that it carried, or raises a `Refusal`."""
