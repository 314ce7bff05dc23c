// Command keyring does with keys of pull secrets what the kubelet does: the code is the kubelet's own.
package main

import (
	"encoding/json"
	"log"
	"os"

	"github.com/go-logr/logr"
	"k8s.io/klog/v2"
	"k8s.io/kubernetes/pkg/credentialprovider"
	"k8s.io/kubernetes/pkg/util/parsers"
)

type input struct {
	Keys   []string
	Images []string
}

type output struct {
	// Names are the full names of the images; empty where the kubelet refuses the image.
	Names []string `json:"names"`
	// Covered has, for each key, the numbers of the images that it covers.
	Covered [][]int `json:"covered"`
}

func main() {
	// What does not parse is skipped with a line in the log.
	klog.SetLogger(logr.Discard())
	var in input
	if err := json.NewDecoder(os.Stdin).Decode(&in); err != nil {
		log.Fatal(err)
	}
	out := output{Names: make([]string, len(in.Images)), Covered: make([][]int, len(in.Keys))}
	for number, image := range in.Images {
		if name, _, _, err := parsers.ParseImageName(image); err == nil {
			out.Names[number] = name
		}
	}
	for number, key := range in.Keys {
		keyring := &credentialprovider.BasicDockerKeyring{}
		keyring.Add(nil, credentialprovider.DockerConfig{key: {Username: "AWS"}})
		out.Covered[number] = []int{}
		for image, name := range out.Names {
			if _, found := keyring.Lookup(name); name != "" && found {
				out.Covered[number] = append(out.Covered[number], image)
			}
		}
	}
	if err := json.NewEncoder(os.Stdout).Encode(out); err != nil {
		log.Fatal(err)
	}
}
