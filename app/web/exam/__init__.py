"""An exam as everybody sees it who may: the pages, files and bounds that patients and guests have in common. It knows
neither of the two: their guards leave who looks in `visit`."""
