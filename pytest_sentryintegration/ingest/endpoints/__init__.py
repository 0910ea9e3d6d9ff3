"""The endpoints: each takes a `call.Call` and returns what it carried, or raises a `Refusal`."""
