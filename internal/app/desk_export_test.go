package app

// RecipeOf is recipeOf.
var RecipeOf = recipeOf
