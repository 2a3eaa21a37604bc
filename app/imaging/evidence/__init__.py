"""Objects of a study that are no pictures (reports, ECGs, segmentations, marks): read in a child, with bounds."""
