"""Who may see whose exams in a family: by digits that a member gives, or as guardian of a child."""
