package links

import "testing"

func TestCount(t *testing.T) {
	if Count() != 0 {
		t.Fail()
	}
}
