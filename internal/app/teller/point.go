package teller

// point marks a place between two steps of the road. It does nothing, except
// in the fault suite, which kills the program there.
var point = func(string) {}
