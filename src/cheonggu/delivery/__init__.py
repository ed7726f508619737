"""All that talks to the outside, from rows that a verb has committed."""
