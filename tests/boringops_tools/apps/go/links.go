package links

// Count says how many there are.
func Count() int { return 0 }
