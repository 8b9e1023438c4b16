"""The mathematics written out: exercises whose numbers can be changed, every intermediate of them shown and checked."""
