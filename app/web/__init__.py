"""HTTP: guards, headers, error answers, blueprints. No SQL, no decisions."""
