"""Reports: for each data set the measures that a card of the zoo states."""
