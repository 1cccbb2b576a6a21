package main

import (
	"log"
	"net/http"
	"os"
)

func main() {
	port := os.Getenv("PORT")
	if port == "" {
		port = "8090"
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /livez", func(answer http.ResponseWriter, _ *http.Request) {
		answer.WriteHeader(http.StatusOK)
	})
	mux.Handle("GET /", http.FileServer(http.Dir("static")))
	log.Println(os.Getenv("LINKS_TOKEN") != "")
	log.Fatal(http.ListenAndServe(":"+port, mux))
}
