// Webhook answers reviews of pods as a usual webhook in Go does: net/http, and encoding/json into structs like those of
// k8s.io/api. They have fewer fields than those, so it does less work than a real one.
package main

import (
	"encoding/json"
	"io"
	"log"
	"net/http"
	"os"
	"path/filepath"
	"strings"
)

type review struct {
	APIVersion string    `json:"apiVersion"`
	Kind       string    `json:"kind"`
	Request    *request  `json:"request,omitempty"`
	Response   *response `json:"response,omitempty"`
}

type request struct {
	UID       string            `json:"uid"`
	Kind      map[string]string `json:"kind"`
	Resource  map[string]string `json:"resource"`
	Name      string            `json:"name"`
	Namespace string            `json:"namespace"`
	Operation string            `json:"operation"`
	UserInfo  userInfo          `json:"userInfo"`
	// Decoded for itself, as runtime.RawExtension.
	Object json.RawMessage `json:"object"`
}

type userInfo struct {
	Username string   `json:"username"`
	UID      string   `json:"uid"`
	Groups   []string `json:"groups"`
}

type response struct {
	UID       string `json:"uid"`
	Allowed   bool   `json:"allowed"`
	PatchType string `json:"patchType,omitempty"`
	Patch     []byte `json:"patch,omitempty"`
}

type operation struct {
	Op    string `json:"op"`
	Path  string `json:"path"`
	Value any    `json:"value"`
}

func main() {
	address, directory := os.Args[1], os.Args[2]
	certificate, key := filepath.Join(directory, "tls.crt"), filepath.Join(directory, "tls.key")
	log.Fatal(http.ListenAndServeTLS(address, certificate, key, http.HandlerFunc(answer)))
}

func answer(writer http.ResponseWriter, incoming *http.Request) {
	body, err := io.ReadAll(incoming.Body)
	if err != nil {
		http.Error(writer, err.Error(), http.StatusBadRequest)
		return
	}
	var asked review
	if err := json.Unmarshal(body, &asked); err != nil || asked.Request == nil {
		http.Error(writer, "no review", http.StatusBadRequest)
		return
	}
	var object pod
	if err := json.Unmarshal(asked.Request.Object, &object); err != nil {
		http.Error(writer, err.Error(), http.StatusBadRequest)
		return
	}
	answered := review{APIVersion: asked.APIVersion, Kind: asked.Kind, Response: respond(asked.Request.UID, object)}
	writer.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(writer).Encode(answered); err != nil {
		log.Print(err)
	}
}

func respond(uid string, object pod) *response {
	if !needsSecret(object) {
		return &response{UID: uid, Allowed: true}
	}
	value := []localReference{{"ecr-pull-secret"}}
	patch, err := json.Marshal([]operation{{"add", "/spec/imagePullSecrets", value}})
	if err != nil {
		log.Fatal(err)
	}
	return &response{UID: uid, Allowed: true, PatchType: "JSONPatch", Patch: patch}
}

func needsSecret(object pod) bool {
	for _, containers := range [][]container{object.Spec.InitContainers, object.Spec.Containers} {
		for _, each := range containers {
			registry, _, _ := strings.Cut(each.Image, "/")
			if strings.Contains(registry, ".dkr.ecr.") {
				return true
			}
		}
	}
	return false
}
