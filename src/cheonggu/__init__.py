"""Cheonggu (청구): a bill-by-message server that speaks the partner API V2."""
