//! Whatever the texts are, the search ends, soon, and what it says of them holds.
